"""Taking staged rows in, a chunk at a time: match, judge, keep. Each call is a part of the caller's transaction.

The statements stand in sql/intake.sql and sql/matching.sql; `journeys.intake` says in which order they run. What is
counted is in `seen` from the same transaction on, so a row is counted exactly once however often it comes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction

from tillit.files.chunks import Reject
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.sql import load
from tillit.purchases import quarantine
from tillit.purchases.errors import MissingPurchaseError
from tillit.purchases.models import Batch

PAGES = 4096  # 32 MiB of staged rows, some 200 000, are a chunk
COUNTED, PARKED, REPEATED, REUSED, TOO_OLD, AUTHORISED, POSTED = range(7)
_REFUSED = {REUSED: ("id", "id-reused"), TOO_OLD: ("time", "time-too-old"), POSTED: ("receipt", quarantine.POSTED)}
_LOCK = 0x696E_746B  # advisory lock space of the halves of a source


@dataclass(frozen=True)
class MissingPurchase:
    """A purchase that no source sent: whose, where (ids), when, minor units, and the number on its receipt.

    `another`: staff saw that the person has a purchase of that day and amount, and it is another one.
    """

    subject: int
    chain: int
    store: int
    event_at: datetime
    amount: int
    receipt: str
    another: bool = False


@dataclass(frozen=True)
class Chunk:
    """What became of a chunk's rows: how many of each verdict, strangers', and refunds among those kept.

    `named`: refunds among all its rows, strangers' too, that name a purchase. `clearing`: purchases kept that clear an
    authorisation; `authorised`: authorisations.
    """

    rows: int
    strangers: int
    last_line: int
    counted: int = 0
    parked: int = 0
    repeated: int = 0
    refused: int = 0
    refunds: int = 0
    named: int = 0
    clearing: int = 0
    authorised: int = 0


def prepare_tables() -> None:
    """The connection's own temporary tables, empty. Outside a transaction that may be rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.refund_row')")
        if cursor.fetchone()[0] is None:
            for name in ("staged_table", "row_table", "refund_table"):
                cursor.execute(_sql(name))
        else:
            cursor.execute("TRUNCATE purchases_staged, intake_row, refund_row")


def staged_pages() -> int:
    """How many pages of staged rows this connection holds. The planner learns that each line is one row."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE purchases_staged (line)")
        cursor.execute("SELECT pg_relation_size('pg_temp.purchases_staged') / current_setting('block_size')::integer")
        return int(cursor.fetchone()[0])


def lock_source(*, source_id: int, halves: Sequence[int]) -> None:
    """Take the halves of a source's ids for this transaction: whoever else takes rows of them in, waits."""
    with connection.cursor() as cursor:
        for half in sorted(halves):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, source_id * 2 + half])


def match(*, register_id: int, accept_from: datetime, page: int, behind: int, decided: str = "") -> Chunk | None:
    """Put the members' rows of the chunk that starts at `page` in `intake_row`, judged; None when it holds no row.

    The ids of those that count are in `seen` then. `decided`: staff say that they are `other` purchases than what they
    posted, or the `same` (C12).
    """
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(
            _sql("match"),
            {
                "from": f"({page},0)",
                "until": f"({page + PAGES},0)",
                "behind": behind,
                "register": register_id,
                "accept_from": accept_from,
            },
        )
        rows, members, last_line, named = cursor.fetchone()
        if not rows:
            return None
        counts = _judged(cursor, decided=decided)
    return _chunk(counts, rows=rows, strangers=rows - members, last_line=last_line, named=named)


def find_strays(*, accept_from: datetime) -> Chunk | None:
    """Put refunds of members' purchases paid to strangers' cards in `intake_row`, judged; None: there are none.

    As a chunk that takes so many away from the strangers' rows. For when every staged row is in.
    """
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(_sql("strays"), {"accept_from": accept_from})
        found = int(cursor.rowcount)
        if not found:
            return None
        counts = _judged(cursor, decided="")
    return _chunk(counts, rows=found, strangers=-found, last_line=0, named=found)


def _judged(cursor: Any, *, decided: str) -> dict[int, tuple[int, int, int]]:
    """Verdict → (rows, refunds, clearing ones) of `intake_row`; the ids that count are in `seen` then."""
    cursor.execute("SELECT EXISTS (SELECT FROM purchases_made_good)")
    if cursor.fetchone()[0]:
        cursor.execute(_sql("made_good"), {"zone": DEFAULT_ZONE, "decided": decided})
        cursor.execute(_sql("made_good_again"))
    _see(cursor)
    cursor.execute(_sql("verdicts"))
    return {verdict: (rows, refunds, clearing) for verdict, rows, refunds, clearing in cursor.fetchall()}


def _chunk(counts: dict[int, tuple[int, int, int]], *, rows: int, strangers: int, last_line: int, named: int) -> Chunk:
    kept = [counts.get(verdict, (0, 0, 0)) for verdict in (COUNTED, PARKED)]
    return Chunk(
        rows,
        strangers,
        last_line,
        counted=kept[0][0],
        parked=kept[1][0],
        repeated=counts.get(REPEATED, (0, 0, 0))[0],
        refused=sum(counts.get(verdict, (0, 0, 0))[0] for verdict in _REFUSED),
        refunds=sum(refunds for _, refunds, _ in kept),
        named=named,
        clearing=sum(clearing for _, _, clearing in kept),
        authorised=counts.get(AUTHORISED, (0, 0, 0))[0],
    )


def _see(cursor: Any) -> None:
    """Note the ids as seen. Nearly always all are new, and the index says so for nothing; else each is looked up."""
    try:
        with transaction.atomic():
            cursor.execute(_sql("keep_seen"))
    except IntegrityError:
        cursor.execute(_sql("judge"))
        cursor.execute(_sql("keep_seen"))


def keep(*, batch_id: int, chunk: Chunk) -> None:
    """Write the counted and parked purchases and the refunds that wait; quarantine what is refused."""
    with connection.cursor() as cursor:
        if chunk.counted or chunk.parked:
            cursor.execute(_sql("keep_purchases"), {"batch": batch_id})
        if chunk.refunds:
            cursor.execute(_sql("keep_refunds"))
        if chunk.authorised:
            cursor.execute(_sql("keep_authorisations"), {"batch": batch_id})
        if chunk.clearing:
            cursor.execute(_sql("clear"))
        if chunk.refused:
            cursor.execute(_sql("refused"))
            rejects = [Reject(line, *_REFUSED[verdict]) for line, verdict in cursor.fetchall()]
            quarantine.put(batch_id=batch_id, rejects=rejects)


def count(*, batch_id: int, lane: str, chunk: Chunk) -> None:
    """Add the chunk's counts to its batch. The last statement of its transaction: lanes wait for each other here."""
    with connection.cursor() as cursor:
        cursor.execute(
            _sql("count"),
            {
                "batch": batch_id,
                "lane": lane,
                "line": chunk.last_line,
                "posted": chunk.counted,
                "parked": chunk.parked,
                "repeated": chunk.repeated,
                "strangers": chunk.strangers,
                "quarantined": chunk.refused,
                "authorised": chunk.authorised,
            },
        )


def end_authorisations(*, source_id: int, batch: Batch) -> None:
    """End what the source set aside: of the batch what is cleared already, of all what is not cleared in time."""
    with connection.cursor() as cursor:
        if batch.authorised:
            cursor.execute(_sql("clear_late"), {"batch": batch.pk})
        cursor.execute(_sql("lapse"), {"source": source_id})


def find_refunded() -> int:
    """Put the refunds whose purchase has been found in `refund_row`, each with whoever made it; how many."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE refund_row")
        cursor.execute(_sql("move_refunds"))
        cursor.execute(_sql("name_made_good"))
        cursor.execute(_sql("due_refunds"))
        return int(cursor.rowcount)


def settle_refunds(*, batch_id: int) -> None:
    """The refunds of `refund_row` wait no more; the batch notes how many of its own still do."""
    with connection.cursor() as cursor:
        cursor.execute(_sql("settle_refunds"))
        cursor.execute(_sql("unmatched"), {"batch": batch_id})


def recall(*, subject_ids: Sequence[int], since: datetime) -> int:
    """Put purchases that were parked in `intake_row` again, to be accrued; how many."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(_sql("recall"), {"subjects": list(subject_ids), "since": since})
        return int(cursor.rowcount)


def recall_period(*, chain_id: int, starts: datetime, ends: datetime | None) -> int:
    """Put the purchases of a chain in [starts, ends) in `intake_row` again, to be accrued; how many.

    Their refunds that took nothing wait again. Purchases of people who left since are not among them.
    """
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(_sql("recall_period"), {"chain": chain_id, "starts": starts, "ends": ends, "zone": DEFAULT_ZONE})
        count = int(cursor.rowcount)
        cursor.execute(_sql("reopen_refunds"))
    return count


def make_good(*, missing: MissingPurchase, source_id: int, batch_id: int) -> UUID:
    """Put a purchase that no source sent in `intake_row`, and keep it; its id. Not counted yet: `accrual` does.

    Raises `MissingPurchaseError`: `counted-already` when anybody's purchase with that receipt is counted or posted in
    the chain that day, `counted-alike` when the person has one of that amount and it is not said to be `another`.
    """
    made, day = uuid4(), clock.local_date(missing.event_at)
    given = {
        **asdict(missing),
        "purchase": made,
        "source": source_id,
        "batch": batch_id,
        "day": day,
        "zone": DEFAULT_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_sql("counted_receipt"), given)
        counted, alike = cursor.fetchone()
        if not counted:
            cursor.execute(_sql("keep_made_good"), given)
            counted = not cursor.rowcount
        if counted:
            raise MissingPurchaseError("counted-already", "a purchase with that receipt is counted already")
        if alike and not missing.another:
            raise MissingPurchaseError("counted-alike", "the person has a purchase of that day and amount")
        cursor.execute("TRUNCATE intake_row")
        cursor.execute(_sql("missing_row"), given)
        cursor.execute(_sql("keep_seen"))
        cursor.execute(_sql("keep_purchases"), given)
    return made


def _sql(name: str) -> Any:
    return load(__file__, "intake", name)
