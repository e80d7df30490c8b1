"""What the services answer for."""

from tillit.cases import kinds
from tillit.declaration.registry import domain_check, not_personal, outward_way, personal
from tillit.services import blocking
from tillit.services.models import BlockOrder, Instrument, Issuer

personal(
    Instrument,
    category="blocked_instrument",
    clocks={"removed": "removed_at", "collected": "added_at"},
    sealed=("sealed",),
    not_exported={
        "sealed": "the number, which is opened for a block and nothing else; its last four are shown",
        "fingerprint": "a keyed digest of the number, which says nothing",
    },
    figures="nobody counts cards",
)
personal(BlockOrder, category="service_use", clocks={"collected": "ordered_at"}, figures="blocks stand in their cases")
not_personal(Issuer, because="issuers of cards and mobile operators")
domain_check(
    blocking.ACTIVITY,
    __file__,
    "promises",
    "card_blocking",
    promised=lambda declaration: "activities.card_blocking" if declaration.activity(blocking.ACTIVITY) else "",
)
kinds.add(blocking.KIND)
outward_way(
    blocking.ACTIVITY,
    opens=("tillit.disclosure.calling",),
    through="orders to block a card or subscription, to its issuer: name and number, and nothing else",
)
