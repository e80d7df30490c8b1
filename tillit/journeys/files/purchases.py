"""Files of purchases in the console: the same intake as `tillit import purchases` (C5), and its quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from django.db.models import Count

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import purchase_import
from tillit.journeys.files.kinds import Examined, Fault, FileKind, Outcome, Progress, PutAside, Target, Work, put_aside
from tillit.journeys.quarantine_replay import POSTED_ALREADY, posted_already, replay_quarantine
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Actor
from tillit.purchases import quarantine
from tillit.purchases.errors import QuarantineError
from tillit.purchases.models import Batch, QuarantinedRow, Source
from tillit.purchases.reading.columns import COLUMNS
from tillit.purchases.reading.reasons import message

COUNTS = ("rows_read", "posted", "authorised", "parked", "repeated", "strangers", "refunds_unmatched", "quarantined")


def targets(controller: Controller) -> Sequence[Target]:
    """The sources of the register, for the controller whose rows are held jointly: a club's staff sends for nobody."""
    if holder_of(controller_id=controller.pk) != controller.pk:
        return ()
    found = Source.objects.filter(register_id=controller.register_id).order_by(Ordered("name"), "key")
    return [Target(one.key, one.name) for one in found]


def examine(path: Path, target: str, controller: Controller, _: str) -> Examined:
    """The dry run. Raises `FileRefusedError`."""
    said: list[str] = []
    report = purchase_import.examine_file(path=path, source_key=target, describe=said.append)
    counts = asdict(report.counts)
    reasons = counts.pop("reasons")
    return Examined(
        form=" ".join(said),
        counts=counts,
        reasons=reasons,
        faults=[Fault(one.line, one.field, one.code) for one in report.rejects],
    )


def take_in(work: Work) -> Outcome:
    """The run. Raises `FileRefusedError`."""
    report = purchase_import.import_file(path=work.path, source_key=work.target, name=work.name)
    batch = report.batch
    assert batch is not None  # noqa: S101 (only a dry run has none)
    earlier = Batch.objects.filter(source_id=batch.source_id, state="finished", pk__lt=batch.pk, rows_read__gt=0)
    last = earlier.exclude(name="quarantine").order_by("-pk").first()
    reasons = QuarantinedRow.objects.filter(batch=batch).values_list("reason").annotate(count=Count("id"))
    return Outcome(
        counts=_counts(batch),
        before=_counts(last) if last else {},
        reasons=dict(reasons.order_by("-count")),
        reference=batch.pk,
        repeated=report.repeated,
    )


def progress(target: str, digest: str) -> Progress | None:
    """What the batch of the file says of itself, as committed."""
    batch = Batch.objects.filter(source__key=target, digest=digest).order_by("id").first()
    if batch is None or batch.state == "read":
        return Progress("read", 0, 0)
    return Progress("post", max(map(int, batch.progress.values()), default=0), batch.rows_read)


def _counts(batch: Batch) -> dict[str, int]:
    return {name: getattr(batch, name) for name in COUNTS}


class PurchaseRows:
    """The quarantine of purchases, as the frame asks for it."""

    columns: tuple[str, ...] = tuple(COLUMNS)
    secret = frozenset({"card", "account", "mobile", "email"})
    reasons: tuple[str, ...] = (*quarantine.DISMISSALS, POSTED_ALREADY)

    def listed(
        self, *, target: str, reference: int | None, code: str, offset: int, limit: int
    ) -> tuple[Sequence[PutAside], int]:
        """See `Rows`."""
        rows = quarantine.waiting(source_id=_source(target).pk, batch_id=reference).select_related("batch")
        rows = rows.filter(reason=code) if code else rows
        return [put_aside(row, of=row.batch) for row in rows[offset : offset + limit]], rows.count()

    def codes(self, *, target: str) -> Mapping[str, int]:
        """See `Rows`."""
        rows = quarantine.waiting(source_id=_source(target).pk).order_by()
        return dict(rows.values_list("reason").annotate(count=Count("id")).order_by("reason"))

    def one(self, *, target: str, row: int) -> PutAside | None:
        """See `Rows`."""
        found = quarantine.waiting(source_id=_source(target).pk, ids=[row]).select_related("batch").first()
        return put_aside(found, of=found.batch) if found else None

    def opened(self, *, row: int, actor: Actor) -> Mapping[str, str | None]:
        """See `Rows`."""
        return quarantine.show(row=_row(row), actor=actor)

    def repair(self, *, row: int, values: Mapping[str, str | None], actor: Actor) -> None:
        """See `Rows`."""
        quarantine.repair(row=_row(row), values=values, actor=actor)

    def discard(self, *, rows: Sequence[int], because: str, actor: Actor) -> int:
        """See `Rows`."""
        if because == POSTED_ALREADY:
            return posted_already(rows=[_row(row) for row in rows], actor=actor)
        return quarantine.dismiss(rows=[_row(row) for row in rows], because=because, actor=actor)

    def again(self, *, target: str, rows: Sequence[int], reference: int | None, actor: Actor) -> Outcome:
        """See `Rows`."""
        done = replay_quarantine(source_key=target, actor=actor, batch_id=reference, ids=rows)
        return Outcome(counts=asdict(done), reference=reference)

    def words(self, code: str, language: str) -> str:
        """See `Rows`."""
        return message(code, language)


KIND = FileKind(
    key="purchases",
    activities=frozenset({"register_import", "bonus_earning"}),
    targets=targets,
    examine=examine,
    take_in=take_in,
    progress=progress,
    rows=PurchaseRows(),
)


def _source(key: str) -> Source:
    return Source.objects.get(key=key)


def _row(number: int) -> QuarantinedRow:
    found = QuarantinedRow.objects.filter(pk=number).select_related("batch__source").first()
    if found is None:
        raise QuarantineError("no-row", f"there is no row {number}")
    return found
