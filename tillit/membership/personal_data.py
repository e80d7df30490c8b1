"""What the membership domain answers for."""

from tillit.consent.waiting import acceptances
from tillit.declaration.registry import (
    definer,
    domain_check,
    domain_trial,
    not_personal,
    personal,
    segment_fact,
    transient,
)
from tillit.membership import cards, following, queries, segments
from tillit.membership.card_models import AppCount, Card, CardCount, ShownCode, ShownSalt
from tillit.membership.models import (
    AgreementTerms,
    CollectiveAgreement,
    Cover,
    FileLayout,
    Membership,
    MembershipType,
    Payer,
    QuarantinedMember,
    RegisterFile,
    TermsAcceptance,
    Unit,
)
from tillit.parties import endings

_SUMS = "how many joined and left is counted from relationships"
personal(
    Membership,
    category="membership",
    clocks={},
    journaled={"moved_from": "", "moved_to": ""},
    figures=_SUMS,
    not_exported={"listed": "a keyed digest of the union's row, which says nothing"},
)
personal(Cover, category="insurance_agreement", clocks={}, journaled={}, figures=_SUMS)
personal(TermsAcceptance, category="terms_acceptance", clocks={"collected": "accepted_at"})
acceptances("membership", queries.owing)
endings.follow("member", ended=following.ended, resumed=following.resumed)
not_personal(MembershipType, because="kinds of membership")
not_personal(Unit, because="sections and workplaces")
not_personal(CollectiveAgreement, because="agreements for groups")
not_personal(AgreementTerms, because="terms of agreements for groups")
not_personal(Payer, because="organisations that pay dues")
personal(
    Card,
    category="membership",
    clocks={},
    figures="how many cards are issued is counted by month as they are (`CardCount`)",
    not_exported={"nonce": "what the card's key is made from: who has it can pass as the member"},
)
transient(
    ShownCode,
    because="codes of cards that were answered for and could be shown again, as digests that lead to nobody",
    kept="P0D",
    clock_column="until",
    not_backed_up="nothing of it counts two minutes later",
)
transient(
    ShownSalt,
    because="random numbers of half minutes, destroyed when the codes of these can be shown no more",
    kept="P0D",
    clock_column="until",
    not_backed_up="who has one could tell whose digests were made with it",
)
not_personal(AppCount, because="how often the app was installed in a month")
not_personal(CardCount, because="how many cards were issued in a month")
definer("tillit_proof", __file__, "follow_up")
domain_trial(
    "membership_card",
    trial=cards.faults,
    promised=lambda declared: "activities.membership_card" if declared.activity("membership_card") else "",
)
domain_check(
    "register_import",
    __file__,
    "promises",
    "register_import",
    promised=lambda declared: "activities.register_import" if declared.activity("register_import") else "",
)
not_personal(FileLayout, because="how a union writes its files")
not_personal(RegisterFile, because="counts of a file")
transient(QuarantinedMember, because="rows waiting for repair", kept="P90D", clock_column="quarantined_at")

segment_fact(
    "membership_type",
    "membership",
    kind="choice",
    at=(__file__, "segments", "membership_type"),
    options=segments.types,
)
segment_fact(
    "covered_by",
    "insurance_agreement",
    kind="choice",
    at=(__file__, "segments", "covered_by"),
    options=segments.agreements,
)
