"""Contacts at suppliers and partners (H16). Owns no table: a contact's name, company and addresses are facts of the
category `business_contact`.

Invariants:
- Only the activity `supplier_contact` works with contacts; every look is on record.
- Whoever is registered by somebody else is told of it by e-mail (GDPR art. 14).
- A contact whose relationship ended goes as declared.
"""
