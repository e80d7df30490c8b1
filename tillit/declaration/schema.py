"""The typed declaration (PROMISES A2): what a controller publishes and the system enforces.

One YAML file a controller. Every text a person reads is `Localised` (language code → text); languages are data.
Words (categories, activities, events …) come from the vocabulary; `checks` resolves them and cross-references. Who the
controller is stands in `parts`, what is said of its pages in `site_parts`.
"""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from tillit.declaration.parts import (
    Controller,
    Country,
    Key,
    Localised,
    Part,
    PeriodText,
)
from tillit.declaration.site_parts import (
    CookiePolicy,
    DevicePermission,
    Form,
    Notice,
    OwnSite,
    SignInProvider,
    SignInWay,
    VisitStatistics,
)
from tillit.declaration.vocabulary import vocabulary

REACHING = frozenset({"email", "sms", "post", "phone", "push", "ads"})
"""Channels by which a controller contacts a person first; `web` and `app` wait for the person to come."""


class CategoryUse(Part):
    """A category the controller holds: which fields, whether giving them is required, and from whom (sources)."""

    key: Key
    fields: Localised
    mandatory: bool = False
    note: Localised | None = None


class LegalBasis(Part):
    """GDPR art. 6 ground; a legitimate interest states the interest and the balancing (A2)."""

    ground: Key
    law: str | None = None
    interest: Localised | None = None
    balancing: Localised | None = None


class Activity(Part):
    """A processing activity: `uses` categories (reads) and `records` others (writes); `"*"` in uses means all declared.

    first_contact: may we make the first contact on this activity (D14); requires_account: only people with an own
    account are reached (F9); at_most_every: nobody gets more than one message of the activity in this time (F3).
    """

    key: Key
    purpose: Localised
    applies_to: tuple[Key, ...]
    basis: tuple[LegalBasis, ...] = Field(min_length=1)
    uses: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    sources: tuple[Key, ...] = ()
    recipients: tuple[Key, ...] = ()
    channels: tuple[Key, ...] = ()
    first_contact: bool = True
    requires_account: bool = False
    at_most_every: PeriodText | None = None
    reads_archive: bool = False
    note: Localised | None = None


class Retention(Part):
    """One typed retention rule (H10).

    clock: an event, `year_end(event)` or `fiscal_year_end(event)`; period: ISO 8601; `PT0` is written `P0D`.
    rule: `keep` (the activity needs it this long), `minimum` (law requires it), `ceiling` (gone then, even while a
    customer).
    disposal: what happens when due. `archive` (move into the category's archive) and `pseudonymise` (empty what says
    who it is) happen when their own rule lapses, and leave the row to the category's other rules.
    `on_behalf_of`: kept for this recipient (its key). `kept_with`: with the clock `linked_data_gone`, the categories
    whose rows keep this one alive (D10: another ground and the identifying data it needs); the period is then `P0D`.
    """

    key: Key
    activity: Key
    category: Key
    clock: str
    period: PeriodText
    rule: Literal["keep", "minimum", "ceiling"] = "keep"
    disposal: Literal["erase", "anonymise", "pseudonymise", "archive"] = "erase"
    only_kinds: tuple[str, ...] = ()
    kept_with: tuple[Key, ...] = ()
    ground: Localised
    on_behalf_of: Key | None = None


class Archive(Part):
    """A historical archive (D10, B7): which categories, entered when, opened for which activities only."""

    key: Key
    categories: tuple[Key, ...]
    clock: str
    period: PeriodText = "P0D"
    readers: tuple[Key, ...]
    purpose: Localised


class Hold(Part):
    """A claim or dispute keeps these categories past their rules until `until` (D11); then disposal resumes."""

    key: Key
    activity: Key
    categories: tuple[Key, ...]
    until: Key
    ground: Localised


class Recipient(Part):
    """Somebody outside who may receive personal data, and only these categories and fields (H13).

    `only`: fields of the vocabulary; of a category with a field there nothing else leaves. `notices_to`: where it is
    told of rectification, erasure and restriction (GDPR 19).
    """

    key: Key
    name: str
    kind: Literal[
        "supplier",
        "partner",
        "insurer",
        "broker",
        "authority",
        "payment",
        "issuer",
        "creditor",
        "platform",
        "group",
        "other",
    ]
    categories: tuple[Key, ...]
    fields: Localised
    only: tuple[Key, ...] = ()
    ground: Key
    when: Localised
    country: Country = "NO"
    only_aggregated: bool = False
    web: str | None = None
    notices_to: str | None = None


class Processor(Part):
    """A processor or sub-processor with its agreement (A8); `under` names the processor that engaged it.

    carries: the ways out of the system that run through it; nothing leaves that way without such a processor.
    """

    key: Key
    name: str
    service: Localised
    categories: tuple[Key, ...] = ()
    country: Country = "NO"
    agreement: date
    under: Key | None = None
    carries: tuple[Literal["email", "sms", "post", "push", "phone"], ...] = ()


class Transfer(Part):
    """A transfer outside the EEA and its ground (A2, H13)."""

    key: Key
    to: Key
    country: Country | Literal["*"]
    ground: Literal["adequacy", "standard_clauses", "contract_necessity", "legal_claims", "legal_duty", "consent"]
    explanation: Localised


class Rights(Part):
    """How rights are handled (H1–H9): days to answer, where to ask, who decides an objection, where to complain."""

    answer_within: PeriodText = "P30D"
    contact: Key
    routes: tuple[Literal["self_service", "email", "phone", "post", "staff", "form"], ...]
    objection_decided_by: Localised
    erasure_warning: Localised | None = None
    complaint_first: Localised
    authority: str
    authority_address: str
    authority_web: str
    other_authorities: Localised | None = None
    withheld_in_access: Localised | None = None


class SecurityMeasure(Part):
    key: Key
    text: Localised
    disclosed: bool = True


class Backup(Part):
    every: PeriodText = "P1D"
    kept: PeriodText = "P1Y"
    levels: Localised
    readers: tuple[Key, ...]
    used_for: Localised


class BreachPlan(Part):
    """What happens on a breach (H12); `business_notice`: customers told of suspected theft of business information."""

    authority_within_hours: int = 72
    person_notice: Localised
    police_report: bool = True
    supplier_report: Localised | None = None
    business_notice: Localised | None = None


class StaffAccess(Part):
    """Whom staff may look up (A9): everybody of the controller, or only people they are assigned to. protected_for:
    roles that may open a protected address (A7); nobody but the person where none is named.
    """

    reach: Literal["controller", "assigned"] = "controller"
    protected_for: tuple[Key, ...] = ()
    text: Localised


class Children(Part):
    """Ages in whole years: who may join, and from when a child consents (D12, C1)."""

    minimum_age: int
    consent_age: int
    text: Localised


class Recording(Part):
    key: Key
    what: Localised
    category: Key
    kept: PeriodText
    retention: Key


class PayingPartner(Part):
    """A partner that pays for its own customers, and what it may send of them to say who is entitled (D1).

    sends: fields beside the name; an e-mail address or phone number only where the partner's own agreement with its
    customers says so.
    """

    key: Key
    name: str
    sends: tuple[Key, ...]


class TermsChange(Part):
    """How changes are announced and accepted (A4)."""

    acceptance: Literal["continued_use", "active"]
    waits: tuple[Key, ...] = ()
    four_eyes: bool = False
    notice: PeriodText
    material_by: tuple[Literal["email", "sms", "notice", "app"], ...]
    text: Localised


class Topic(Part):
    """A subject a person may say they are interested in; what is sent follows it, and nothing else is guessed (F1).

    Where there is a catalogue of benefits, a topic whose key is a category's decides what Min side chooses for whoever
    has said yes to it (B10).
    """

    key: Key
    name: Localised


class Programme(Part):
    """Terms of a bonus programme that a declaration promises (C1–C17)."""

    key: Key
    validity: Literal["year_and_next", "never", "months"] = "year_and_next"
    validity_months: int | None = None
    rounding: Literal["half_even", "half_up", "down", "up"] = "half_up"
    only_in_earning_chain: bool = True
    cash_earns: bool = False
    minimum_age: int = 16
    warn_before_expiry: PeriodText = "P30D"
    available_after_days: int = 0
    voucher_minutes: int = 60
    voucher_offline_hours: int = 24
    voucher_barcode: Literal["code128", "ean13"] = "code128"
    gift_card_months: int = 36
    gift_card_refund: bool = True
    saldo_sms_price: int = 0
    stacking: Literal["best", "add", "multiply"] = "add"
    terms: Localised


class Declaration(Part):
    """The whole declaration of one controller. See `docs/declaration.md` for every key."""

    schema_version: Literal[1] = Field(alias="schema")
    controller: Controller
    effective: date
    introduction: Localised
    categories: tuple[CategoryUse, ...]
    activities: tuple[Activity, ...]
    retention: tuple[Retention, ...]
    archives: tuple[Archive, ...] = ()
    holds: tuple[Hold, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    processors: tuple[Processor, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    partners: tuple[PayingPartner, ...] = ()
    cookies: CookiePolicy = CookiePolicy()
    sites: tuple[OwnSite, ...] = ()
    rights: Rights
    security: tuple[SecurityMeasure, ...]
    backup: Backup
    breach: BreachPlan
    staff_access: StaffAccess | None = None
    children: Children
    recordings: tuple[Recording, ...] = ()
    changes: TermsChange
    forms: tuple[Form, ...] = ()
    topics: tuple[Topic, ...] = ()
    device_permissions: tuple[DevicePermission, ...] = ()
    sign_in_providers: tuple[SignInProvider, ...] = ()
    sign_in_ways: tuple[SignInWay, ...] = ()
    visit_statistics: VisitStatistics | None = None
    programme: Programme | None = None
    minimum_group: int = Field(default=10, ge=5)
    first_contact_on_interest: bool = True
    notices: tuple[Notice, ...] = ()

    @model_validator(mode="after")
    def _items_by_name(self) -> Self:
        """What a page keeps in the browser has its own name at each controller that shares the declaration (G1)."""
        key = self.controller.key
        items = tuple(
            one.model_copy(update={"name": one.name.replace("{key}", key)}) if "{key}" in one.name else one
            for one in self.cookies.items
        )
        if items != self.cookies.items:
            object.__setattr__(self, "cookies", self.cookies.model_copy(update={"items": items}))
        return self

    def activity(self, key: str) -> Activity | None:
        """The declared activity `key`, or None."""
        return next((item for item in self.activities if item.key == key), None)

    def category_keys(self) -> frozenset[str]:
        """The categories this controller declares."""
        return frozenset(item.key for item in self.categories)

    def named(self, activity: Activity, *, only_recorded: bool = False) -> frozenset[str]:
        """The categories the activity reads or records (or records): `"*"` is every declared one that is open to it.

        What is held on a legitimate interest alone is not there for who writes first, where that is promised (D14).
        """
        keys = frozenset(activity.records) if only_recorded else frozenset((*activity.uses, *activity.records))
        if "*" in keys:
            words = vocabulary()
            keys = frozenset(key for key in self.category_keys() if words.open(key, activity.key))
        return keys - self.out_of_sight(activity)

    def out_of_sight(self, activity: Activity) -> frozenset[str]:
        """The categories held on a legitimate interest alone, for an activity that contacts people first where the
        controller promises that no such data is used for it (D14); duties that everybody has (to answer, to tell of a
        breach) are not meant. What ends a holding (a ceiling) holds nothing.
        """
        word = vocabulary().activities.get(activity.key)
        first = activity.first_contact and bool(REACHING & set(activity.channels))
        if self.first_contact_on_interest or not first or word is None or word.required:
            return frozenset()
        firm = {item.key for item in self.activities if {one.ground for one in item.basis} != {"legitimate_interest"}}
        held: dict[str, bool] = {}
        for rule in self.retention:
            if rule.rule != "ceiling":
                held[rule.category] = held.get(rule.category, False) or rule.activity in firm
        return frozenset(category for category, otherwise in held.items() if not otherwise)
