"""What the membership domain answers for."""

from tillit.consent.waiting import acceptances
from tillit.declaration.registry import personal
from tillit.membership import queries
from tillit.membership.models import TermsAcceptance

personal(TermsAcceptance, category="terms_acceptance", clocks={"collected": "accepted_at"})
acceptances("membership", queries.owing)
