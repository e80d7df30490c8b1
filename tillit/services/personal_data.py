"""What the services answer for."""

from tillit.cases import kinds
from tillit.declaration.registry import derived_clock, domain_check, not_personal, outward_way, personal, transient
from tillit.parties import endings
from tillit.services import blocking, following
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement, PartnerFile, QuarantinedEntitlement
from tillit.services.models import BlockOrder, Instrument, Issuer
from tillit.services.product_models import Partner, PartnerGround, ProductPrice, ServiceProduct, ServiceSupplier

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
personal(
    Agreement,
    category="relationship",
    clocks={},
    journaled={},
    figures="how many relationships ended is counted as they are disposed of (`RelationshipSum`)",
)
personal(
    Entitlement,
    category="entitlement",
    clocks={},
    journaled={"number": ""},
    figures="how many are entitled is a count of a day, made when it is asked for",
    not_exported={"listed": "a keyed digest of the partner's row, which says nothing"},
)
not_personal(PartnerFile, because="counts of a list")
transient(QuarantinedEntitlement, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")
not_personal(ServiceProduct, because="what is offered")
not_personal(ProductPrice, because="what it costs")
not_personal(ServiceSupplier, because="companies that deliver services")
not_personal(Partner, because="companies that pay for their customers")
not_personal(PartnerGround, because="what companies have confirmed of their own grounds")
derived_clock("access_ended", __file__, "access", "access_ended")
endings.follow("customer", ended=following.ended, resumed=following.resumed)
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
