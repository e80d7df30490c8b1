"""What the campaigns answer for."""

from tillit.declaration.registry import after_restore, domain_check, not_personal, personal
from tillit.declaration.vocabulary import vocabulary
from tillit.outreach.campaigns.models import Campaign, Recipient

not_personal(
    Campaign, because="what is said to a set of people, by which conditions, and counts; who made it by number"
)
personal(
    Recipient,
    category="message",
    clocks={"sent": "put_at"},
    not_exported={"washed_as": "a keyed digest of the address that was asked about, shown in clear in the answer"},
    figures="how many they were is on the campaign",
)
domain_check(
    "campaigns",
    __file__,
    "promises",
    "campaigns",
    promised=lambda declaration: next(
        (
            f"activities.{a.key}"
            for a in declaration.activities
            if vocabulary().activities[a.key].marketing and a.channels
        ),
        "",
    ),
)
after_restore(__file__, "campaigns", "not_again")
