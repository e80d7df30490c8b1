"""What the audiences answer for, and their way out."""

from tillit.declaration.registry import domain_check, not_personal, outward_way, personal
from tillit.outreach.audiences.models import Audience, AudienceMember, AudienceRun

not_personal(Audience, because="what an audience is called, where it is, a count, and one digest over everybody in it")
not_personal(AudienceRun, because="counts", only_added=True)
personal(
    AudienceMember,
    category="advertising_audience",
    clocks={"collected": "added_at"},
    figures="its size is in the runs",
)
domain_check(
    "audiences",
    __file__,
    "promises",
    "audiences",
    promised=lambda declaration: "activities.advertising" if declaration.activity("advertising") else "",
)
outward_way(
    "audiences",
    opens=("tillit.disclosure.calling",),
    through="SHA-256 of addresses of people who said yes, to advertising networks that are declared processors",
)
