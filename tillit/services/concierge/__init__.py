"""Concierge (D5): somebody asks, we offer, they choose, we book; the supplier gets what the booking needs and no more.

A request is a case of the kind `concierge`; its offers are rows of their own, each with its supplier
(`services.ServiceSupplier`, which says what it needs).

Invariants:

- Nothing leaves before the person has chosen the offer, having seen what will leave and to whom.
- To a supplier outside the EEA nothing leaves before the person was told so and has said yes to that very booking:
  PostgreSQL refuses the row (`concierge_offer_abroad`), and the yes stands in the log of disclosures.
- No card number is kept: free text refuses it (`kernel.card_numbers`), and a booking has no field for one.
"""
