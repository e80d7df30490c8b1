"""Sending a file: looked through at once, kept sealed, confirmed or discarded, taken in by the job.

`take_in_waiting` is the job: it takes what waits, and what was running when a worker was killed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath

import structlog
from django.db import transaction

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.files.errors import ImportStoppedError
from tillit.journeys.files import events, sealed
from tillit.journeys.files.errors import SentFileError
from tillit.journeys.files.kinds import Approval, FileKind, Outcome, Work
from tillit.journeys.files.offered import KINDS
from tillit.journeys.models import FileState, SentFile
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor
from tillit.parties.actors import staff_actor
from tillit.parties.models import StaffMember

ACTIVITY = "register_import"
MOST_ATTEMPTS = 5
MOST_UNDECIDED = 5
"""Files that one colleague may have looked through and neither confirmed nor discarded, at one controller."""
BY_ITSELF = 0
"""Who sent a file that no colleague did: the other party's own system."""
_BUSY = "source-busy"
log = structlog.get_logger("tillit.files")


def send(*, kind: FileKind, target: str, name: str, body: bytes, actor: Actor, controller: Controller) -> SentFile:
    """Look a file through and keep it sealed until somebody confirms it. Nothing of it is taken in.

    Raises `SentFileError` (`file-none`, `target-unknown`, `file-many` beyond `MOST_UNDECIDED`)
    and whatever the kind refuses the whole file with.
    """
    if not body:
        raise SentFileError("file-none", "choose a file")
    if target not in {one.key for one in kind.targets(controller)}:
        raise SentFileError("target-unknown", "nothing here takes files of that kind for that target")
    sender = int(actor.ref) if actor.kind == "staff" else BY_ITSELF
    undecided = SentFile.objects.filter(controller=controller, staff_id=sender, state=FileState.EXAMINED)
    if actor.kind == "staff" and undecided.count() >= MOST_UNDECIDED:
        raise SentFileError("file-many", f"{MOST_UNDECIDED} files of yours wait to be confirmed or discarded")
    with sealed.in_memory(body) as path:
        examined = kind.examine(path, target, controller, PurePath(name).name)
    with transaction.atomic():
        file = SentFile.objects.create(
            controller=controller,
            kind=kind.key,
            target=target,
            name=PurePath(name).name[:200] or "–",
            size=len(body),
            digest=hashlib.sha256(body).hexdigest(),
            staff_id=sender,
            found=asdict(examined),
        )
        sealed.keep(file_id=file.pk, body=body)
        _record(events.SENT, file, actor, target=file.target, digest=file.digest, bytes=file.size)
    return file


def keep_for_approval(
    *, kind: FileKind, target: str, name: str, body: bytes, actor: Actor, controller: Controller
) -> SentFile:
    """What another's system sent and somebody must approve, on the desk: the same again once, another in place of the
    one that waited for the target. Raises as `send`.
    """
    waits = SentFile.objects.filter(
        controller=controller, kind=kind.key, target=target, staff_id=BY_ITSELF, state=FileState.EXAMINED
    )
    same = waits.filter(digest=hashlib.sha256(body).hexdigest()).first()
    if same is not None:
        return same
    made = send(kind=kind, target=target, name=name, body=body, actor=actor, controller=controller)
    for one in waits.exclude(pk=made.pk):
        discard(file_id=one.pk, actor=actor, controller=controller)
    return made


def confirm(*, file_id: int, actor: Actor, controller: Controller, approve: bool = False) -> SentFile:
    """Let the job take the file in; `approve`: also what its looking through asks somebody's word for.

    Raises `SentFileError`: `file-decided` when that was decided before, `approval-needed` without that word.
    """
    with transaction.atomic():
        file = _examined(file_id, controller)
        if file.found.get("approval") == Approval.NEEDED and not approve:
            raise SentFileError("approval-needed", "say that what the file would end is right, or discard it")
        if approve and file.found.get("approval"):
            file.found["approved"] = file.found["would"]
        file.state = FileState.WAITING
        file.staff_id = int(actor.ref)
        file.save(update_fields=["state", "staff_id", "found"])
        _record(events.CONFIRMED, file, actor)
    return file


def discard(*, file_id: int, actor: Actor, controller: Controller) -> SentFile:
    """Forget a file that was only looked through. Raises `SentFileError` (`file-decided`)."""
    with transaction.atomic():
        file = _examined(file_id, controller)
        _end(file, FileState.DISCARDED)
        _record(events.DISCARDED, file, actor)
    return file


def go_on(*, file_id: int, actor: Actor, controller: Controller) -> SentFile:
    """Let the job take up a file that stopped on its way. Raises `SentFileError` (`file-decided`)."""
    with transaction.atomic():
        file = _in_state(FileState.STOPPED, file_id, controller)
        file.state, file.attempts, file.problem, file.result = FileState.WAITING, 0, "", {}
        file.staff_id, file.ended_at = int(actor.ref), None
        file.save()
        _record(events.CONFIRMED, file, actor)
    return file


def again(
    *, kind: FileKind, target: str, rows: Sequence[int], reference: int | None, actor: Actor, controller: Controller
) -> SentFile:
    """Let the job play rows that were put aside again: those named, or all that wait (of one file)."""
    with transaction.atomic():
        file = SentFile.objects.create(
            controller=controller,
            kind=kind.key,
            target=target,
            name="quarantine",
            staff_id=int(actor.ref),
            state=FileState.WAITING,
            again=True,
            reference=reference,
            found={"rows": list(rows)},
        )
        _record(events.CONFIRMED, file, actor)
    return file


def take_in_waiting() -> int:
    """Take in every file that waits or was left running; how many came to an end. Outside every transaction."""
    ended = 0
    for file in SentFile.objects.filter(state__in=(FileState.WAITING, FileState.RUNNING)).order_by("id"):
        ended += _take_in(file)
    return ended


def _take_in(file: SentFile) -> bool:
    """Take one in. False when it must wait, since another file of its target is being taken in."""
    file.state, file.attempts = FileState.RUNNING, file.attempts + 1
    file.started_at = file.started_at or clock.now()
    file.save(update_fields=["state", "attempts", "started_at"])
    try:
        if file.attempts > MOST_ATTEMPTS:
            raise SentFileError("gave-up", "it was begun several times and never came to an end")
        outcome = _run(file)
    except ImportStoppedError as error:
        file.problem, file.result = error.code, {"stopped": error.where}
        _ended(file, FileState.STOPPED)
        return True
    except TillitError as error:
        if error.code == _BUSY:
            file.state, file.attempts = FileState.WAITING, file.attempts - 1
            file.save(update_fields=["state", "attempts"])
            return False
        log.warning("file_failed", file=file.pk, code=error.code)
        file.problem = error.code[:60]
        _ended(file, FileState.FAILED)
        return True
    file.result = asdict(outcome)
    file.reference = outcome.reference
    _ended(file, FileState.DONE)
    return True


def _run(file: SentFile) -> Outcome:
    kind = KINDS[file.kind]
    actor = staff_actor(staff=StaffMember.objects.get(pk=file.staff_id), controller=file.controller)
    if file.again:
        if kind.rows is None:
            raise SentFileError("no-rows", "that kind of file puts no rows aside")
        return kind.rows.again(target=file.target, rows=file.found["rows"], reference=file.reference, actor=actor)
    body = sealed.opened(file_id=file.pk)
    with sealed.in_memory(body) as path:
        approved = file.found.get("approved")
        return kind.take_in(Work(path, file.name, file.target, file.controller, actor, approved))


def _ended(file: SentFile, state: FileState) -> None:
    with transaction.atomic():
        _end(file, state)
        actor = Actor("staff", str(file.staff_id), frozenset({file.controller_id}))
        _record(events.ENDED, file, actor, outcome=file.problem or state.value)


def _end(file: SentFile, state: FileState) -> None:
    file.state, file.ended_at = state, clock.now()
    file.save()
    if state != FileState.STOPPED:
        sealed.drop(file_id=file.pk)


def _examined(file_id: int, controller: Controller) -> SentFile:
    return _in_state(FileState.EXAMINED, file_id, controller)


def _in_state(state: FileState, file_id: int, controller: Controller) -> SentFile:
    file = SentFile.objects.select_for_update().filter(pk=file_id, controller=controller).first()
    if file is None:
        raise SentFileError("file-unknown", "there is no such file")
    if file.state != state:
        raise SentFileError("file-decided", "that was decided before")
    return file


def _record(event: EventType, file: SentFile, actor: Actor, **details: object) -> None:
    append(
        type=event,
        actor=actor,
        activity=ACTIVITY,
        controller=file.controller_id,
        details={"file": file.pk, "kind": file.kind, **details},
    )
