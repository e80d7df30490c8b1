"""Files of a union's members in the console: the same as `tillit import members` (B1), and its quarantine."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db.models import Count, QuerySet

from tillit.declaration.models import Controller
from tillit.journeys.files.errors import SentFileError
from tillit.journeys.files.kinds import (
    Approval,
    Examined,
    Fault,
    FileKind,
    Outcome,
    Progress,
    PutAside,
    Target,
    Work,
    put_aside,
)
from tillit.journeys.register import importing, quarantined
from tillit.journeys.register.comparing import ACTIVITY
from tillit.journeys.register.replaying import replay
from tillit.kernel.scope import Actor
from tillit.membership.errors import MembershipError
from tillit.membership.models import MembershipType, QuarantinedMember, RegisterFile
from tillit.membership.reading.columns import COLUMNS
from tillit.membership.reading.reasons import message

_COUNTS = ("joins", "returns", "changed", "ends", "moved_in", "moved_out")
_PARTS = ("full", "delta")


def targets(controller: Controller) -> Sequence[Target]:
    """The whole register, or changes to it, of a controller that has members of some type."""
    if not MembershipType.objects.filter(controller=controller).exists():
        return ()
    return [Target(f"{controller.key}-{part}", controller.name, part) for part in _PARTS]


def examine(path: Path, target: str, controller: Controller, _: str) -> Examined:
    """The dry run. Raises `FileRefusedError`."""
    said: list[str] = []
    done = importing.import_file(
        path=path, controller=controller, full=_full(target), dry_run=True, describe=said.append
    )
    found = done.difference
    approval = Approval.NEEDED if done.waiting else Approval.POSSIBLE if done.withheld else Approval.NONE
    return Examined(
        form=" ".join(said),
        counts={
            "rows_read": found.rows,
            "unchanged": found.unchanged,
            **{name: getattr(found, name) for name in _COUNTS if name != "ends"},
            "ends": found.ending,
            "withheld": done.withheld,
            "restricted": found.restricted,
            "past": found.past,
            "quarantined": done.quarantined,
        },
        reasons=dict(found.reasons),
        faults=[Fault(one.line, one.field, one.code) for one in done.rejects],
        approval=approval,
        would=found.summary(),
    )


def take_in(work: Work) -> Outcome:
    """The run. Raises `FileRefusedError`, and `SentFileError` (`more-than-approved`) for a file that would end more by
    now than somebody approved.
    """
    latest = RegisterFile.objects.filter(controller=work.controller).order_by("-pk").first()
    finished = latest is not None and latest.state == "finished"
    done = importing.import_file(
        path=work.path, controller=work.controller, full=_full(work.target), name=work.name, approved=work.approved
    )
    if done.waiting:
        raise SentFileError("more-than-approved", "the file would end more memberships than somebody approved")
    file = done.file
    assert file is not None  # noqa: S101 (only a dry run has none)
    earlier = RegisterFile.objects.filter(controller=work.controller, state="finished", pk__lt=file.pk, full=file.full)
    last = earlier.order_by("-pk").first()
    rows = QuarantinedMember.objects.filter(file=file).values_list("reason").annotate(count=Count("id"))
    return Outcome(
        counts=_counts(file) | {"withheld": done.withheld},
        before=_counts(last) if last else {},
        reasons=dict(rows.order_by("-count")),
        reference=file.pk,
        repeated=finished and latest == file,
    )


def progress(target: str, digest: str) -> Progress | None:
    """What the file says of itself, as committed."""
    key, _, _ = target.rpartition("-")
    files = RegisterFile.objects.filter(controller__key=key, digest=digest, full=_full(target))
    file = files.order_by("-id").first()
    if file is None or file.state == "read":
        return Progress("read", 0, 0)
    counts: Counter[str] = Counter(file.counts)
    return Progress("apply", counts["joins"] + counts["returns"] + counts["ends"], 0)


class MemberRows:
    """The quarantine of a union's files, as the frame asks for it."""

    columns: tuple[str, ...] = tuple(COLUMNS)
    secret = frozenset({"national_number"})
    reasons: tuple[str, ...] = quarantined.DISMISSALS

    def listed(
        self, *, target: str, reference: int | None, code: str, offset: int, limit: int
    ) -> tuple[Sequence[PutAside], int]:
        """See `Rows`."""
        rows = _waiting(target)
        rows = rows.filter(file_id=reference) if reference is not None else rows
        rows = rows.filter(reason=code) if code else rows
        return [put_aside(row, of=row.file) for row in rows[offset : offset + limit]], rows.count()

    def codes(self, *, target: str) -> Mapping[str, int]:
        """See `Rows`."""
        rows = _waiting(target).order_by().values_list("reason")
        return dict(rows.annotate(count=Count("id")).order_by("reason"))

    def one(self, *, target: str, row: int) -> PutAside | None:
        """See `Rows`."""
        found = _waiting(target).filter(pk=row).first()
        return put_aside(found, of=found.file) if found else None

    def opened(self, *, row: int, actor: Actor) -> Mapping[str, str | None]:
        """See `Rows`."""
        return quarantined.show(row=_row(row), actor=actor)

    def repair(self, *, row: int, values: Mapping[str, str | None], actor: Actor) -> None:
        """See `Rows`."""
        quarantined.repair(row=_row(row), values=values, actor=actor)

    def discard(self, *, rows: Sequence[int], because: str, actor: Actor) -> int:
        """See `Rows`."""
        return quarantined.dismiss(rows=[_row(row) for row in rows], because=because, actor=actor)

    def again(self, *, target: str, rows: Sequence[int], reference: int | None, actor: Actor) -> Outcome:
        """See `Rows`."""
        key, _, _ = target.rpartition("-")
        wanted = _waiting(target)
        wanted = wanted.filter(pk__in=rows) if rows else wanted
        wanted = wanted.filter(file_id=reference) if reference is not None else wanted
        ids = list(wanted.values_list("pk", flat=True))
        if not ids:
            return Outcome(counts={"rows": 0, "taken_in": 0, "waiting": 0}, reference=reference)
        done = replay(controller=Controller.objects.get(key=key), ids=ids)
        counts = {"rows": done.rows, "taken_in": done.taken_in, "waiting": done.waiting}
        return Outcome(counts=counts, reference=reference)

    def words(self, code: str, language: str) -> str:
        """See `Rows`."""
        return message(code, language)


KIND = FileKind(
    key="members",
    activities=frozenset({ACTIVITY, "membership_administration"}),
    targets=targets,
    examine=examine,
    take_in=take_in,
    progress=progress,
    rows=MemberRows(),
)


def _full(target: str) -> bool:
    return target.rpartition("-")[2] == "full"


def _counts(file: RegisterFile) -> dict[str, int]:
    said: Counter[str] = Counter(file.counts)
    counts = {name: said[name] for name in _COUNTS}
    return {"rows_read": said["rows"], "unchanged": said["unchanged"]} | counts | {"quarantined": file.quarantined}


def _waiting(target: str) -> QuerySet[QuarantinedMember]:
    key, _, _ = target.rpartition("-")
    rows = QuarantinedMember.objects.filter(file__controller__key=key, file__full=_full(target), resolved_at=None)
    return rows.select_related("file").order_by("pk")


def _row(number: int) -> QuarantinedMember:
    found = QuarantinedMember.objects.filter(pk=number).select_related("file").first()
    if found is None:
        raise MembershipError("no-row", f"there is no row {number}")
    return found
