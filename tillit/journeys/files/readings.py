"""Files of meter values in the console: the same as `tillit import readings` (E2), and their quarantine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db.models import Count

from tillit.declaration.models import Controller
from tillit.declaration.queries import all_current
from tillit.journeys.files.kinds import Examined, Fault, FileKind, Outcome, Progress, PutAside, Target, Work, put_aside
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.power import intake, quarantine, readings
from tillit.power.errors import PowerError
from tillit.power.models import QuarantinedReading, ReadingFile
from tillit.power.reading.columns import COLUMNS
from tillit.power.reading.reasons import message


def targets(controller: Controller) -> Sequence[Target]:
    """The controller itself, where it supplies power."""
    _, declared = all_current(on=clock.today()).get(controller.pk, ("", None))
    if declared is None or declared.activity(readings.ACTIVITY) is None:
        return ()
    return [Target(controller.key, controller.name)]


def examine(path: Path, target: str, controller: Controller, name: str) -> Examined:
    """The dry run, under the name that may say whose values they are. Raises `FileRefusedError`."""
    said: list[str] = []
    done = intake.import_file(path=path, controller=controller, name=name, dry_run=True, describe=said.append)
    return Examined(
        form=" ".join(said),
        counts=_counts(done.counts) | {"quarantined": done.quarantined},
        reasons=dict(done.reasons.most_common()),
        faults=[Fault(one.line, one.field, one.code) for one in done.rejects],
    )


def take_in(work: Work) -> Outcome:
    """The run. Raises `FileRefusedError`."""
    done = intake.import_file(path=work.path, controller=work.controller, name=work.name)
    file = done.file
    assert file is not None  # noqa: S101 (only a dry run has none)
    finished = ReadingFile.objects.filter(controller=work.controller, state="finished")
    last = finished.filter(pk__lt=file.pk).order_by("-pk").first()
    rows = QuarantinedReading.objects.filter(file=file).values_list("reason").annotate(count=Count("id"))
    return Outcome(
        counts=_counts(file.counts) | {"quarantined": file.quarantined},
        before=_counts(last.counts) | {"quarantined": last.quarantined} if last else {},
        reasons=dict(rows.order_by("-count")),
        reference=file.pk,
        repeated=done.repeated,
    )


def progress(target: str, digest: str) -> Progress | None:
    """That the file is read; how far is not known."""
    return Progress("read", 0, 0)


class ReadingRows:
    """The quarantine of a controller's files of meter values, as the frame asks for it."""

    columns: tuple[str, ...] = COLUMNS
    secret = frozenset({"point"})
    reasons: tuple[str, ...] = quarantine.DISMISSALS

    def listed(
        self, *, target: str, reference: int | None, code: str, offset: int, limit: int
    ) -> tuple[Sequence[PutAside], int]:
        """See `Rows`."""
        rows = quarantine.waiting(controller_id=_controller(target).pk, file_id=reference)
        rows = rows.filter(reason=code) if code else rows
        return [put_aside(row, of=row.file) for row in rows[offset : offset + limit]], rows.count()

    def codes(self, *, target: str) -> Mapping[str, int]:
        """See `Rows`."""
        rows = quarantine.waiting(controller_id=_controller(target).pk).order_by()
        return dict(rows.values_list("reason").annotate(count=Count("id")).order_by("reason"))

    def one(self, *, target: str, row: int) -> PutAside | None:
        """See `Rows`."""
        found = quarantine.waiting(controller_id=_controller(target).pk, ids=[row]).first()
        return put_aside(found, of=found.file) if found else None

    def opened(self, *, row: int, actor: Actor) -> Mapping[str, str | None]:
        """See `Rows`."""
        return quarantine.show(row=_row(row), actor=actor)

    def repair(self, *, row: int, values: Mapping[str, str | None], actor: Actor) -> None:
        """See `Rows`."""
        quarantine.repair(row=_row(row), values=values, actor=actor)

    def discard(self, *, rows: Sequence[int], because: str, actor: Actor) -> int:
        """See `Rows`."""
        return quarantine.dismiss(rows=[_row(row) for row in rows], because=because, actor=actor)

    def again(self, *, target: str, rows: Sequence[int], reference: int | None, actor: Actor) -> Outcome:
        """See `Rows`."""
        done = quarantine.replay(controller=_controller(target), actor=actor, ids=rows, file_id=reference)
        counts = {"rows": done.rows, "taken_in": done.taken_in, "waiting": done.waiting}
        return Outcome(counts=counts, reference=reference)

    def words(self, code: str, language: str) -> str:
        """See `Rows`."""
        return message(code, language)


KIND = FileKind(
    key="readings",
    activities=frozenset({readings.ACTIVITY}),
    targets=targets,
    examine=examine,
    take_in=take_in,
    progress=progress,
    rows=ReadingRows(),
)


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    values, *days = intake.COUNTS
    return {"meter_values": counts.get(values, 0), **{f"days_{name}": counts.get(name, 0) for name in days}}


def _controller(target: str) -> Controller:
    return Controller.objects.get(key=target)


def _row(number: int) -> QuarantinedReading:
    found = QuarantinedReading.objects.filter(pk=number).select_related("file").first()
    if found is None:
        raise PowerError("no-row", f"there is no row {number}")
    return found
