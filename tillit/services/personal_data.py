"""What the services answer for."""

from tillit.cases import kinds
from tillit.declaration.registry import (
    after_restore,
    also_holds,
    archive_waits,
    derived_clock,
    domain_check,
    goes_along,
    not_personal,
    outward_way,
    personal,
    simulated,
    transient,
)
from tillit.ledger.models import Balance, Transfer
from tillit.parties import endings
from tillit.parties.models import Fact
from tillit.services import accounts, acquirer, blocking, claims, following, handing_over, insurers, outside, supplied
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement, PartnerFile, QuarantinedEntitlement
from tillit.services.family_models import FamilyInvitation, FamilyMember
from tillit.services.insurance_models import ClaimNotice, Cover, CoverTerms, PaidClaim, RefusedClaim
from tillit.services.models import BlockOrder, Instrument, Issuer
from tillit.services.payment_models import BankLine, Invoice, OneOffOrder, Payment, PaymentTerms, Series
from tillit.services.payout_models import Payout, PayoutFile, PayoutRun
from tillit.services.product_models import (
    Advice,
    Partner,
    PartnerGround,
    ProductPrice,
    ServiceProduct,
    ServiceSupplier,
)
from tillit.services.supply_models import SupplierNotice

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
archive_waits(  # whoever leaves while a card is being blocked has it blocked first; not for what everybody has given up
    "service_use",
    "EXISTS (SELECT FROM services_block_order o WHERE o.subject_id = t.subject_id AND o.settled_at IS NULL"
    " AND o.ordered_at > %(on)s::date - 90)",
)
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
also_holds(Fact, category="family")
personal(
    FamilyMember,
    category="family",
    clocks={},
    journaled={},
    figures="nobody counts families",
    not_exported={"holder_id": "the number of another person's rows"},
)
personal(
    FamilyInvitation,
    category="family",
    clocks={},
    figures="nobody counts invitations",
    not_exported={"digest": "a keyed digest of the link"},
)
personal(
    SupplierNotice,
    category="service_use",
    clocks={"collected": "asked_at"},
    not_exported={"told": "a keyed digest of what the supplier was told, which the log of disclosures says"},
    figures="whom suppliers are told of stands in the log of disclosures",
)
not_personal(PartnerFile, because="counts of a list")
transient(QuarantinedEntitlement, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")
not_personal(Advice, because="what is advised about a service")
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
domain_check(
    "service_payments",
    __file__,
    "promises",
    "payments",
    promised=lambda declaration: "activities.service_payments" if declaration.activity("service_payments") else "",
)
domain_check(
    claims.ACTIVITY,
    __file__,
    "promises",
    "claims",
    promised=lambda declaration: "activities.insurance_claims" if declaration.activity(claims.ACTIVITY) else "",
)
domain_check(
    "payouts",
    __file__,
    "payouts",
    "payouts",
    promised=lambda declaration: "activities.payouts" if declaration.activity("payouts") else "",
)
domain_check(
    "entitlements",
    __file__,
    "promises",
    "entitlements",
    promised=lambda declaration: "activities.entitlement_check" if declaration.activity("entitlement_check") else "",
)
domain_check(
    "partners_asked",
    __file__,
    "promises",
    "partners_asked",
    promised=lambda declaration: "activities.entitlement_check" if declaration.activity("entitlement_check") else "",
)
domain_check(
    "tailored_advice",
    __file__,
    "promises",
    "advice",
    promised=lambda declaration: "activities.tailored_advice" if declaration.activity("tailored_advice") else "",
)
domain_check(
    "usage_reports",
    __file__,
    "promises",
    "usage_reports",
    promised=lambda declaration: (
        "activities.partner_usage_report" if declaration.activity("partner_usage_report") else ""
    ),
)
domain_check(
    "suppliers_told",
    __file__,
    "promises",
    "supplied",
    promised=lambda declaration: "activities.service_delivery" if declaration.activity(supplied.ACTIVITY) else "",
)
domain_check(
    "family",
    __file__,
    "promises",
    "family",
    promised=lambda declaration: "activities.family_services" if declaration.activity("family_services") else "",
)
kinds.add(blocking.KIND)
outward_way(
    blocking.ACTIVITY,
    opens=("tillit.disclosure.calling",),
    through="orders to block a card or subscription, to its issuer: name and number, and nothing else",
)

_BOOKED = "its sums are in ledger_closing"
_ACCOUNT = "a bank account number, opened for a payment and nothing else"
personal(
    Invoice,
    category_column="category",
    categories=(accounts.PAYMENTS, accounts.ONE_OFF),
    clocks={"paid": "settled_at", "collected": "issued_at"},
    sealed=("buyer",),
    not_exported={"buyer": "name and address, as other parts tell; the invoice itself is fetched on Min side"},
    figures=_BOOKED,
)
personal(
    OneOffOrder,
    category=accounts.ONE_OFF,
    clocks={"paid": "settled_at", "collected": "ordered_at"},
    sealed=("to_account",),
    not_exported={"to_account": _ACCOUNT},
    figures=_BOOKED,
)
personal(
    Payment,
    category_column="category",
    categories=(accounts.PAYMENTS, accounts.ONE_OFF),
    clocks={"paid": "ended_at", "collected": "begun_at"},
    sealed=("to_account",),
    not_exported={"to_account": _ACCOUNT, "page": "the address of an open page, which is led to on Min side"},
    figures=_BOOKED,
)
personal(
    Payout,
    category_column="category",
    categories=accounts.CATEGORIES,
    clocks={"paid": "settled_at", "collected": "made_at"},
    sealed=("sealed",),
    not_exported={
        "sealed": "name and bank account number, opened for the file to the bank and nothing else",
        "debited_by": "a digest of the bank's number of a movement of our account",
        "returned_by": "a digest of the bank's number of a movement of our account",
    },
    figures=_BOOKED,
)
after_restore(__file__, "payouts", "hold")
after_restore(__file__, "payouts", "hold_files")
not_personal(PayoutRun, because="number and sums of a file, and which colleagues made and approved it")
transient(
    PayoutFile,
    because="the bytes of a file of payouts, sealed, while the bank may not have it yet",
    kept="P30D",
    clock_column="made_at",
    not_backed_up="accounts and names in clear for whoever holds the installation's key; it is fetched within days",
)
not_personal(PaymentTerms, because="when invoices are due, and what reminders cost")
not_personal(Series, because="the last number of a series")
not_personal(BankLine, because="figures of movements on a controller's account, without names and references")
personal(Cover, category="insurance_cover", clocks={"cover_ended": "ends"}, figures="nobody counts covers")
personal(
    PaidClaim,
    category="paid_claim",
    clocks={"paid": "paid_at"},
    sealed=("account",),
    not_exported={"account": _ACCOUNT},
    figures=_BOOKED,
)
personal(RefusedClaim, category="refused_claim", clocks={"refused": "refused_at"}, figures="nobody counts refusals")
personal(
    ClaimNotice,
    category="insurance_claim",
    clocks={"case_closed": "told_at"},
    figures="what is waiting to be told is nobody's figure",
)
not_personal(CoverTerms, because="what a product insures")
for _category in accounts.CATEGORIES:
    also_holds(Transfer, category=_category)
    also_holds(Balance, category=_category)
kinds.add(claims.KIND)
outward_way(
    acquirer.WAY,
    opens=("tillit.disclosure.calling",),
    through="a card that is charged by phone, or the amount and number of what is paid on the web, to the acquirer",
)
outward_way(
    insurers.WAY,
    opens=("tillit.disclosure.calling",),
    through="a claim and what was decided of it, to the insurer and the broker the declaration names",
)
goes_along("services", carry=handing_over.carry, pack=handing_over.pack, unpack=handing_over.unpack)
outward_way(
    outside.ASKING,
    opens=("tillit.disclosure.calling",),
    through="a customer number, to the partner whose customer it is, who is asked whether it is entitled",
)
outward_way(
    outside.SUPPLYING,
    opens=("tillit.disclosure.calling",),
    through="what a supplier of a service needs of a customer to deliver it, as it is set up",
)
for _acts in ("agreed", "insured", "paying", "helped", "delivered"):
    simulated(f"tillit.services.simulated.{_acts}")
