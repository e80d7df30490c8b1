"""Requests about one's rights as a kind of case (GDPR 12–22, H1–H9): fields, steps and the deadline."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from tillit.cases.errors import CaseError
from tillit.cases.kinds import Field, Kind, step
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.calendar_rules import deadline_30_days_or_month
from tillit.kernel.iso_period import IsoPeriod

REQUEST = "rights_request"
RIGHTS = (
    "access",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "portability",
    "withdrawal",
    "complaint",
)
CHANNELS = ("self_service", "email", "phone", "post", "reception", "form", "partner")
ERASURE_GROUNDS = ("no_longer_needed", "consent_withdrawn", "objection", "unlawful")
RESTRICTION_GROUNDS = ("accuracy", "unlawful", "claims", "objection")
CORRECTABLE = {
    "name.given": "identity",
    "name.middle": "identity",
    "name.family": "identity",
    "email": "contact",
    "phone": "contact",
    "address.street": "contact",
    "address.postal_code": "contact",
    "address.city": "contact",
    "address.country": "contact",
    "birth_date": "birth_date",
    "gender": "gender",
    "national_number": "national_number",
    "bank_account": "bank_account",
}
"""Kind of fact that may be corrected → its category."""
ALL_MARKETING = "all_marketing"
"""What an objection to every form of direct marketing names instead of one activity."""
LONGER = IsoPeriod.parse("P2M")
LONGEST = IsoPeriod.parse("P3M")


def last_day(received: date, declaration: Declaration) -> date:
    """The last day on which a request received on a day is answered in time: 30 days, a calendar month, or what the
    declaration promises, whichever is first (GDPR 12(3), H8).
    """
    promised = IsoPeriod.parse(declaration.rights.answer_within)
    return min(deadline_30_days_or_month(received), promised.add_to(received))


def last_day_extended(received: date, declaration: Declaration) -> date:
    """The last day to which an interim answer may move the first: two further months (GDPR 12(3))."""
    return min(LONGER.add_to(last_day(received, declaration)), LONGEST.add_to(received))


def due_at(received_at: datetime, declaration: Declaration) -> datetime:
    """The first moment at which an answer is late: midnight after the last day, where the controller is."""
    zone = declaration.controller.time_zone
    return after(last_day(clock.local_date(received_at, zone), declaration), declaration)


def latest_due_at(received_at: datetime, declaration: Declaration) -> datetime:
    """The latest moment to which the deadline may be moved."""
    zone = declaration.controller.time_zone
    return after(last_day_extended(clock.local_date(received_at, zone), declaration), declaration)


def after(day: date, declaration: Declaration) -> datetime:
    """The first moment after a day, where the controller is."""
    zone = ZoneInfo(declaration.controller.time_zone)
    try:
        return datetime.combine(date.fromordinal(day.toordinal() + 1), time(), zone)
    except (OverflowError, ValueError):
        raise CaseError("deadline", "that day is outside the calendar") from None


OPEN = ("received", "verified", "with_adviser")

KIND = Kind(
    REQUEST,
    category="rights_case",
    activity="rights_requests",
    deadline=due_at,
    fields={
        "right": Field("code", required=True, choices=frozenset(RIGHTS)),
        "text": Field("text"),
        "ground": Field("code", choices=frozenset({*ERASURE_GROUNDS, *RESTRICTION_GROUNDS})),
        "categories": Field("codes"),
        "activity": Field("code"),
        "channel": Field("code"),
        "corrections": Field("values", choices=frozenset(CORRECTABLE), longest=500),
    },
    steps={
        "code_sent": step("received"),
        "verified": step("received", after="verified", verifies=True, shown=True),
        "stopped": step(*OPEN, shown=True),
        "referred": step(*OPEN, after="with_adviser", shown=True),
        "extended": step(*OPEN, extends=True, shown=True),
        "told": step(*OPEN, "in_force", shown=True),
        "note": step(*OPEN, "in_force", "closed"),
        "decided": step(*OPEN, settles=True),
        "carried_out": step(*OPEN, "in_force", verified=True),
        "answered": step(*OPEN, after="closed", verified=True, shown=True, answers=True, closes=True),
        "in_force": step(*OPEN, after="in_force", verified=True, shown=True, answers=True),
        "lifted": step("in_force", after="closed", shown=True, closes=True),
        "refused": step(*OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
        "taken_back": step(*OPEN, after="closed", shown=True, closes=True),
        "recipients_told": step(*OPEN, "in_force", "closed"),
        "fetched": step("closed", "in_force"),
    },
)
