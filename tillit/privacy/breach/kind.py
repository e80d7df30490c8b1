"""A breach as a kind of the case engine (H12): a matter that names nobody, and a case for each person it concerns."""

from datetime import datetime, timedelta

from tillit.cases.kinds import FIRST, Field, Kind, step
from tillit.cases.models import Matter
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary

MATTER = "breach_matter"
BREACH = "breach"
"""The kind of the cases of whom it concerns."""
ACTIVITY = "breach_handling"
NATURES = ("confidentiality", "integrity", "availability")
SOURCES = ("staff", "person", "supplier", "anomaly", "authority", "drill")
RISKS = ("none", "risk", "high")
INTRUSIONS = (
    "none",
    "phishing",
    "malware",
    "ransomware",
    "credentials",
    "vulnerability",
    "insider",
    "lost_device",
    "other",
)
NOT_TOLD = ("no_high_risk", "protected", "risk_removed", "public_notice")
"""Why people need not be told one by one (GDPR 34(3)): unreadable to others, risk removed since, told publicly."""
LONGEST = 20_000
_FACTS = frozenset(
    {
        "nature",
        "categories",
        "persons",
        "records",
        "crime",
        "business",
        "consequences",
        "measures",
        "happened_from",
        "happened_until",
    }
)


def due_at(known_at: datetime, declaration: Declaration) -> datetime:
    """When the authority must have been told: the declared hours after it was known (GDPR 33(1))."""
    return known_at + timedelta(hours=declaration.breach.authority_within_hours)


def owed(matter: Matter, declaration: Declaration) -> list[str]:
    """What the law and the declaration still ask for: `assess`, `authority`, `people`, `police`, `supplier`,
    `business` (customers whose sensitive business information may have been stolen).
    """
    said, risk = matter.fields, matter.fields.get("risk", "")
    found = [] if risk else ["assess"]
    if risk in {"risk", "high"} and matter.answered_at is None:
        found.append("authority")
    if risk == "high" and not said.get("people_at") and not said.get("people_not_because") and not matter.drill:
        found.append("people")
    if said.get("crime") and declaration.breach.police_report and not said.get("police_at"):
        found.append("police")
    if said.get("crime") and declaration.breach.supplier_report is not None and not said.get("supplier_at"):
        found.append("supplier")
    if said.get("business") and declaration.breach.business_notice and not said.get("business_at") and not matter.drill:
        found.append("business")
    return found


def _text() -> Field:
    return Field("text", longest=LONGEST)


KIND = Kind(
    MATTER,
    category="breach_record",
    activity=ACTIVITY,
    nobodys=True,
    deadline=due_at,
    owed=owed,
    fields={
        "what": Field("text", required=True, longest=LONGEST),
        "nature": Field("codes", choices=frozenset(NATURES)),
        "categories": Field("codes", choices=frozenset(vocabulary().categories)),
        "persons": Field("number"),
        "records": Field("number"),
        "crime": Field("flag"),
        "business": Field("flag"),
        "happened_from": Field("moment"),
        "happened_until": Field("moment"),
        "consequences": _text(),
        "measures": _text(),
        "risk": Field("code", choices=frozenset(RISKS)),
        "assessed_at": Field("moment"),
        "authority_reference": _text(),
        "people_at": Field("moment"),
        "people_not_because": Field("code", choices=frozenset(NOT_TOLD)),
        "business_at": Field("moment"),
        "police_at": Field("moment"),
        "police_reference": _text(),
        "supplier_at": Field("moment"),
        "intrusion": Field("code", choices=frozenset(INTRUSIONS)),
        "supplier_said": _text(),
        "lessons": _text(),
    },
    steps={
        "confirmed": step(FIRST, starts=True),
        "assessed": step(FIRST, states=_FACTS | {"risk"}, stamps="assessed_at"),
        "authority_told": step(FIRST, states=frozenset({"authority_reference"}), answers=True, explained=True),
        "people_told": step(FIRST, stamps="people_at"),
        "people_not_told": step(FIRST, states=frozenset({"people_not_because"})),
        "business_told": step(FIRST, stamps="business_at"),
        "police_told": step(FIRST, states=frozenset({"police_reference", "crime"}), stamps="police_at"),
        "supplier_reported": step(FIRST, states=frozenset({"intrusion", "supplier_said"}), stamps="supplier_at"),
        "closed": step(FIRST, after="closed", states=frozenset({"lessons"}), closes=True, complete=True),
        "unfounded": step(FIRST, after="closed", states=frozenset({"lessons"}), closes=True),
    },
)

AFFECTED = Kind(
    BREACH,
    category="breach_record",
    activity=ACTIVITY,
    fields={"reference": Field("code", required=True)},
    steps={
        "told": step("received", "told", after="told", shown=True, answers=True),
        "note": step("received", "told"),
        "closed": step("received", "told", after="closed", closes=True),
    },
)
