"""Misuse and claims as kinds of case (C8, C13), and the signs of misuse: sets over purchases, with the evidence.

A sign is a figure above a limit, never a decision: staff hear the person, decide, and may be appealed against.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import connection

from tillit.bonus.complaints import PROPOSED
from tillit.bonus.kinds import DEBT
from tillit.cases.kinds import Field, Kind, step
from tillit.kernel.scope import require
from tillit.kernel.sql import load

MISUSE, CLAIM = "misuse", "bonus_claim"
ACTIVITY = "abuse_control"
SIGNS = ("volume", "velocity", "cards", "shared_receipt", "refunds")
TERMINATED, WARNED, CLEARED = "terminated", "warned", "cleared"
OPEN = ("received", "heard", "decided", "appealed")

MISUSE_KIND = Kind(
    MISUSE,
    category="misuse_case",
    activity=ACTIVITY,
    fields={
        "signs": Field("codes", required=True, choices=frozenset(SIGNS)),
        "evidence": Field("values", choices=frozenset(SIGNS), longest=200),
    },
    steps={
        "note": step(*OPEN),
        "heard": step("received", "heard", after="heard", shown=True),
        "explained": step("received", "heard", after="heard", shown=True),
        "decided": step("received", "heard", after="decided", shown=True, answers=True, settles=True),
        "claimed": step("decided", "appealed", shown=True),
        "reported": step("decided", "appealed"),
        "appealed": step("decided", after="appealed", shown=True),
        "appeal_decided": step("appealed", after="decided", shown=True, settles=True),
        "closed": step(*OPEN, after="closed", closes=True),
    },
)
CLAIM_KIND = Kind(
    CLAIM,
    category="complaint",
    activity="bonus_correction",
    fields={"chain": Field("code", required=True), "amount": Field("text", required=True), "due": Field("date")},
    steps={
        "claimed": step("received", after="claimed", shown=True),
        "reminded": step("claimed", shown=True),
        PROPOSED: step("claimed"),  # a payment so large that a second person notes it
        "paid": step("claimed", shown=True),
        "settled": step("received", "claimed", after="closed", shown=True, settles=True, closes=True),
        "withdrawn": step("received", "claimed", after="closed", shown=True, settles=True, closes=True),
    },
)


@dataclass(frozen=True)
class Limits:
    """Above which a member's purchases in a period are a sign. `volume`: minor units bought; `velocity`: receipts in a
    day; `cards`: different cards used; `shared_receipt`: receipts that others have lines of, too; `refunds`: per cent
    refunded.
    """

    volume: int = 300_000_00
    velocity: int = 15
    cards: int = 8
    shared_receipt: int = 3
    refunds: int = 60


@dataclass(frozen=True)
class Sign:
    """A member's figure above a limit."""

    subject_id: int
    sign: str
    measured: int
    limit: int


def signs(*, controller_id: int, start: datetime, end: datetime, limits: Limits = Limits()) -> list[Sign]:
    """Every sign in purchases at the controller's chains in [start, end), by member. Within `abuse_control`."""
    require(activity=ACTIVITY)
    given = {"controller": controller_id, "start": start, "end": end, **asdict(limits)}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "misuse", "signs"), given)
        return [Sign(*row) for row in cursor.fetchall()]


def owing(*, book_ids: list[int]) -> list[tuple[int, int, int]]:
    """(subject, book, what they owe): everybody whose debt stands in the books. Within a scope that sees bonus."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "misuse", "owing"), {"books": book_ids, "debt": DEBT.id})
        return [(int(subject), int(book), int(amount)) for subject, book, amount in cursor.fetchall()]
