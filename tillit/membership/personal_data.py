"""What the membership domain answers for."""

from tillit.consent.waiting import acceptances
from tillit.declaration.registry import not_personal, personal
from tillit.membership import queries
from tillit.membership.models import (
    CollectiveAgreement,
    Cover,
    Membership,
    MembershipType,
    Payer,
    TermsAcceptance,
    Unit,
)

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
not_personal(MembershipType, because="kinds of membership")
not_personal(Unit, because="sections and workplaces")
not_personal(CollectiveAgreement, because="agreements for groups")
not_personal(Payer, because="organisations that pay dues")
