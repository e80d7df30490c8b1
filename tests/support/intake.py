"""A club with a programme, members with cards, and files of their purchases; what an import left behind."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from tests.support.shops import account_number, card_number, row, shops, source
from tests.support.world import person, publish_examples
from tillit.bonus import programmes, rates
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.purchases import operations
from tillit.purchases.models import Chain

NOW, LONG_AGO = datetime(2026, 6, 1, 12, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
SOURCE = "fjellmat-kasse"


@dataclass(frozen=True)
class Club:
    """A club with a chain that gives 2 %, and members: subject → card or account number."""

    controller: Controller
    chain: Chain
    members: dict[int, str]


def club(*, members: int) -> Club:
    """Build it in the test's database. Every fifth member pays by account."""
    controllers = publish_examples("bonus")
    controller = controllers["nordkai"]
    chain = shops(controller)
    source(controller, key=SOURCE)
    programmes.set_up(chain=chain, on=clock.today())
    rates.add(chain_id=chain.pk, basis_points=200, when=rates.When(LONG_AGO))
    people = {}
    for number in range(members):
        subject = person(controller, started=date(2025, 1, 1))
        paying = account_number(1205000000 + 97 * number) if number % 5 == 4 else card_number(number)
        register(controller, subject, paying)
        people[subject] = paying
    return Club(controller, chain, people)


def register(controller: Controller, subject: int, number: str) -> None:
    """Put a card or account on the person's BonusID."""
    actor = system("test", {controller.pk, holder_of(controller_id=controller.pk)})
    with Scope(actor, "self_service", frozenset({subject})) as scope:
        operations.register_instrument(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            number=number,
            at=datetime(2025, 1, 1, tzinfo=UTC),
        )


def purchases(numbers: list[str], rows: int, *, seed: int = 1) -> Iterator[str]:
    """Lines of a file: members' and strangers' purchases, refunds, repeats, clashes and rows that cannot be used."""
    chance = random.Random(seed)  # noqa: S311 - the same file every time
    strangers = [card_number(10**6 + n) for n in range(max(1, len(numbers) // 2))]
    for number in range(rows):
        kind = chance.random()
        paying = chance.choice(strangers if kind < 0.4 else numbers)
        day, hour = 1 + number % 28, chance.randrange(24)
        time = f"2026-{1 + number % 5:02d}-{day:02d}T{hour:02d}:{number % 60:02d}:00+01:00"
        amount = f"{chance.randrange(1, 100_000) / 100:.2f}"
        line = row(number, paying, amount=amount, time=time, store=1 + number % 3, group=f"g{1 + number % 3}")
        if kind > 0.999:
            line = line.replace(";fjellmat;", ";nowhere;")
        elif kind > 0.995:
            line = row(number // 2, paying, amount="1.00", time=time)
        yield line
        if kind > 0.99:
            yield line


def outcome(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """What an import left, as the backup role sees it: balances, transfers, purchases, what was seen, counts."""
    found = {}
    for name, statement in {
        "balances": "SELECT subject_id, book_id, kind, expires_on, balance FROM ledger_balance ORDER BY 1, 2, 3, 4",
        "transfers": (
            "SELECT subject_id, id, amount, debit_kind, credit_kind, credit_expires, event_at"
            " FROM ledger_transfer ORDER BY 1, 2"
        ),
        "purchases": "SELECT subject_id, id, amount, event_at, refund_of FROM purchases_purchase ORDER BY 1, 2",
        "seen": "SELECT source_id, digest, payload FROM purchases_seen ORDER BY 1, 2",
        "waiting": "SELECT subject_id, purchase_id, settled_at IS NULL FROM purchases_unmatched_refund ORDER BY 1, 2",
        "quarantine": "SELECT line, field, reason FROM purchases_quarantine ORDER BY 1, 2, 3",
        "batches": (
            "SELECT digest, state, rows_read, posted, parked, repeated, strangers, quarantined, refunds_unmatched"
            " FROM purchases_batch ORDER BY 1"
        ),
    }.items():
        found[name] = connection.execute(statement).fetchall()
    return found
