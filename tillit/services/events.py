"""Events of the services in the audit trail."""

from tillit.audit.types import CODE, COUNT, DATE, ID, event_type

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
