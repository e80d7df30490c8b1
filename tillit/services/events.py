"""Events of the services in the audit trail."""

from tillit.audit.types import AMOUNT, CODE, COUNT, DATE, ID, event_type

INSTRUMENT_ADDED = event_type("blocked_instrument.added", subject="required", instrument=ID, kind=CODE, issuer=CODE)
INSTRUMENT_REMOVED = event_type("blocked_instrument.removed", subject="required", instrument=ID)
INSTRUMENT_OPENED = event_type("blocked_instrument.opened", subject="required", instrument=ID, order=ID)
BLOCK_SETTLED = event_type("block.settled", subject="required", order=ID, case=ID, outcome=CODE)
RECORDING_PLAYED = event_type("recording.played", subject="required", case=ID, document=ID, purpose=CODE)
AGREED = event_type("agreement.made", subject="required", agreement=ID, product=ID, payer=CODE, starts=DATE)
AGREEMENT_ENDED = event_type("agreement.ended", subject="required", agreement=ID, reason=CODE, ends=DATE)
ENDING_UNDONE = event_type("agreement.ending_undone", subject="required", agreement=ID)
ENTITLED = event_type("entitlement.made", subject="required", entitlement=ID, partner=CODE, product=ID)
ENTITLEMENT_ENDED = event_type("entitlement.ended", subject="required", entitlement=ID, reason=CODE, ends=DATE)
GROUND_CONFIRMED = event_type("partner_ground.confirmed", subject="none", partner=CODE, ground=CODE, starts=DATE)
GROUND_WITHDRAWN = event_type("partner_ground.withdrawn", subject="none", partner=CODE, ground=CODE, starts=DATE)
LIST_TAKEN = event_type(
    "partner_list.taken", subject="none", partner=CODE, file=ID, new=COUNT, changed=COUNT, ends=COUNT, quarantined=COUNT
)
INVOICE_ISSUED = event_type("invoice.issued", subject="required", invoice=ID, amount=AMOUNT)
INVOICE_CREDITED = event_type("invoice.credited", subject="required", invoice=ID, amount=AMOUNT)
INVOICE_LOST = event_type("invoice.lost", subject="required", invoice=ID, amount=AMOUNT)
PAYMENT_MADE = event_type("payment.made", subject="required", payment=ID, method=CODE, amount=AMOUNT)
ORDER_PLACED = event_type("one_off_order.placed", subject="required", order=ID, kind=CODE)
ORDER_CHANGED = event_type("one_off_order.changed", subject="required", order=ID, state=CODE)
ACCOUNT_OPENED = event_type("payout_account.opened", subject="required", row=ID, kind=CODE, run=ID)
PAYOUT_RUN = event_type("payout_file.changed", subject="none", run=ID, step=CODE, count=COUNT, amount=AMOUNT)
PAYOUT_SETTLED = event_type("payout.settled", subject="required", payout=ID, state=CODE, amount=AMOUNT)
PAYOUT_RETRIED = event_type("payout.retried", subject="required", payout=ID, after=ID, account=CODE)
PAYOUT_CANCELLED = event_type("payout.cancelled", subject="required", payout=ID, amount=AMOUNT)
PAYOUT_RELEASED = event_type("payout.released", subject="required", payout=ID, step=CODE)
PAYOUT_DEBITED = event_type("payout.debited", subject="required", payout=ID, state=CODE, amount=AMOUNT)
CLAIM_DECIDED = event_type("insurance_claim.decided", subject="required", case=ID, outcome=CODE)
CLAIM_PAID = event_type("insurance_claim.paid", subject="required", claim=ID, method=CODE, amount=AMOUNT)
CLAIM_TOLD = event_type("insurance_claim.told", subject="required", notice=ID, recipient=CODE)
COVER_CHANGED = event_type("insurance_cover.changed", subject="required", cover=ID, change=CODE)
FAMILY_ADDED = event_type("family_member.added", subject="required", member=ID, relation=CODE, consent=CODE)
FAMILY_ENDED = event_type("family_member.ended", subject="required", member=ID, reason=CODE)
USAGE_REPORTED = event_type(
    "partner_usage.reported", subject="none", partner=CODE, people=COUNT, first=DATE, until=DATE
)
PARTNER_ASKED = event_type("entitlement.asked", subject="required", partner=CODE, answer=CODE)
SUPPLIER_TOLD = event_type("supplier.told", subject="required", notice=ID, supplier=CODE, outcome=CODE)
OBJECT_CHANGED = event_type("registered_object.changed", subject="required", object=ID, change=CODE)
