"""Registered objects, from Min side and the desk, and an extract of them for a claim (D6): a PDF of what they are, and
their files. What staff see and do of it is on record.
"""

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.document import Document, Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.journeys.for_customer.access import may_use
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import person_scope
from tillit.parties.queries import facts
from tillit.services import events
from tillit.services.errors import ServiceError
from tillit.services.objects import operations
from tillit.services.objects.errors import ThingError
from tillit.services.objects.models import Thing, ThingFile
from tillit.services.objects.operations import Said

OWN, SERVICE = "self_service", "object_registration"
LARGEST_EXTRACT = 500_000_000
"""Bytes of the files of one extract: more is taken out in several."""


@dataclass(frozen=True)
class Shown:
    """A thing with its files, and of one taken away the day it is gone."""

    thing: Thing
    files: tuple[ThingFile, ...] = ()
    until: date | None = None


def offered(*, controller: Controller) -> bool:
    """Whether the controller registers objects, and people enter them themselves."""
    declared = current(controller_id=controller.pk, on=clock.today())
    own = declared.activity(OWN)
    return declared.activity(SERVICE) is not None and own is not None and "registered_object" in own.records


def mine(*, actor: Actor, controller: Controller, subject_id: int) -> tuple[list[Shown], list[Shown], bool]:
    """(the person's things, those taken away that can be brought back, whether more may be entered now)."""
    may = may_use(controller=controller, subject_id=subject_id, service=SERVICE)
    with _acting(actor, subject_id) as scope:
        _read(scope, controller, subject_id)
        now = [_shown(thing) for thing in operations.mine(subject_id=subject_id)]
        gone = [
            Shown(thing, (), _gone_on(controller, thing))
            for thing in operations.mine(subject_id=subject_id, removed=True)
        ]
    return now, gone, may


def one(*, actor: Actor, subject_id: int, thing_id: int) -> Shown:
    """One of them. Raises `ThingError` `no-thing`."""
    with _acting(actor, subject_id):
        return _shown(operations.one(subject_id=subject_id, thing_id=thing_id))


def add(*, actor: Actor, controller: Controller, subject_id: int, said: Said) -> Thing:
    """Enter a thing. Raises `ThingError`, `ServiceError` `no-access`."""
    if not may_use(controller=controller, subject_id=subject_id, service=SERVICE):
        raise ServiceError("no-access", "no agreement gives access to it")
    with _acting(actor, subject_id) as scope:
        made = operations.add(
            scope=scope, subject_id=subject_id, controller_id=controller.pk, said=said, at=clock.now()
        )
        return _note(scope, made, "added")


def change(*, actor: Actor, subject_id: int, thing_id: int, said: Said) -> Thing:
    """Say it anew. Raises `ThingError`."""
    with _acting(actor, subject_id) as scope:
        changed = operations.change(scope=scope, subject_id=subject_id, thing_id=thing_id, said=said, at=clock.now())
        return _note(scope, changed, "changed")


def remove(*, actor: Actor, subject_id: int, thing_id: int) -> Thing:
    """Take it away. Raises `ThingError`."""
    with _acting(actor, subject_id) as scope:
        gone = operations.remove(scope=scope, subject_id=subject_id, thing_id=thing_id, at=clock.now())
        return _note(scope, gone, "removed")


def bring_back(*, actor: Actor, subject_id: int, thing_id: int) -> Thing:
    """Undo that. Raises `ThingError`."""
    with _acting(actor, subject_id) as scope:
        back = operations.bring_back(scope=scope, subject_id=subject_id, thing_id=thing_id)
        return _note(scope, back, "brought_back")


def attach(*, actor: Actor, subject_id: int, thing_id: int, what: str, bodies: Collection[bytes]) -> None:
    """Keep pictures or receipts of it; all of them or none. Raises `ThingError`, `CaseError`."""
    with _acting(actor, subject_id) as scope:
        for body in bodies:
            operations.attach(
                scope=scope, subject_id=subject_id, thing_id=thing_id, what=what, body=body, at=clock.now()
            )
        _note(scope, operations.one(subject_id=subject_id, thing_id=thing_id), "attached")


def detach(*, actor: Actor, subject_id: int, thing_id: int, file_id: int) -> None:
    """Take a file away. Raises `ThingError`."""
    with _acting(actor, subject_id) as scope:
        thing = operations.one(subject_id=subject_id, thing_id=thing_id)
        operations.detach(scope=scope, thing=thing, file_id=file_id)
        _note(scope, thing, "detached")


def file(*, actor: Actor, subject_id: int, thing_id: int, file_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file of one's own. Raises `ThingError`."""
    with _acting(actor, subject_id):
        thing = operations.one(subject_id=subject_id, thing_id=thing_id)
        found = operations.file_of(thing=thing, file_id=file_id)
        name = f"{found.what}-{file_id % 10_000}.{operations.ending(found.media_type)}"
        return name, found.media_type, operations.contents(file=found)


def extract(
    *, actor: Actor, controller: Controller, subject_id: int, thing_ids: Collection[int], words: dict[str, str]
) -> Iterator[bytes]:
    """A ZIP of the things for a claim, a piece at a time: `objects.pdf` and their files, numbered as in it; all things
    when none is named. One file is in memory at a time.

    `words`: the wording of the document (`language` among it). Raises `ThingError` `no-thing`, `extract-large`.
    """
    with _acting(actor, subject_id) as scope:
        wanted = sorted(set(thing_ids)) or [thing.id for thing in operations.mine(subject_id=subject_id)]
        things = [_shown(operations.one(subject_id=subject_id, thing_id=number)) for number in wanted]
        known = facts(subject_id=subject_id)
        if sum(one.bytes for shown in things for one in shown.files) > LARGEST_EXTRACT:
            raise ThingError("extract-large", "choose fewer of them at a time")
        _read(scope, controller, subject_id, "identity")  # on record before the first piece leaves
        for shown in things:
            _note(scope, shown.thing, "extracted")
    name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
    return _zipped(actor, controller, subject_id, things, name, words)


class _Pieces:
    """What a ZIP is written to, and taken from as it grows."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, body: bytes) -> int:
        """Keep some until it is taken."""
        self._held += body
        return len(body)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """What was not taken can still be."""

    def taken(self) -> bytes:
        """What has come since the last time."""
        body, self._held = bytes(self._held), bytearray()
        return body


def _zipped(
    actor: Actor, controller: Controller, subject_id: int, things: list[Shown], name: str, words: dict[str, str]
) -> Iterator[bytes]:
    pieces, sections = _Pieces(), []
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, shown in enumerate(things, 1):
            names = []
            for place, one in enumerate(shown.files, 1):
                names.append(f"{number:03}-{one.what}-{place}.{operations.ending(one.media_type)}")
                with _acting(actor, subject_id):
                    body = operations.contents(file=operations.file_of(thing=shown.thing, file_id=one.id))
                archive.writestr(names[-1], body)
                yield pieces.taken()
            sections.append(_section(number, shown.thing, names, words))
        day = format_date(clock.today(), "long", locale="en_GB" if words["language"] == "en" else words["language"])
        said = Document(
            title=words["title"],
            language=words["language"],
            publisher=controller.name,
            contents=words["contents"],
            page=words["page"],
            lead=(Paragraph(words["lead"].format(name=name, day=day, count=len(things))),),
            sections=tuple(sections),
        )
        archive.writestr("objects.pdf", render_pdf(said, made=clock.now()))
    yield pieces.taken()


def _acting(actor: Actor, subject_id: int) -> Scope:
    """The person's own scope, or the one in which staff register for a customer."""
    if actor.kind == "staff":
        return person_scope(actor=actor, activity=SERVICE, subject_id=subject_id)
    return Scope(actor, OWN, frozenset({subject_id}))


def _read(scope: Scope, controller: Controller, subject_id: int, *also: str) -> None:
    """Put on record that staff looked: at the things, and at what of other categories."""
    if scope.actor.kind == "staff":
        told = {"purpose": SERVICE, "categories": sorted({"registered_object", *also})}
        append(type=PERSON_READ, scope=scope, controller=controller.pk, subject=subject_id, details=told)


def _note(scope: Scope, thing: Thing, change: str) -> Thing:
    """Put on record what staff did for the customer."""
    if scope.actor.kind == "staff":
        told, where = {"object": thing.id, "change": change}, thing.controller_id
        append(type=events.OBJECT_CHANGED, scope=scope, controller=where, subject=thing.subject_id, details=told)
    return thing


def _section(number: int, thing: Thing, names: list[str], words: dict[str, str]) -> Section:
    price = Money(thing.price, thing.currency).format(words["language"]) if thing.price is not None else ""
    told: dict[str, Any] = {
        "kind": words[f"kind_{thing.kind}"],
        "maker": thing.maker,
        "serial_number": thing.serial_number,
        "bought_on": thing.bought_on.isoformat() if thing.bought_on else "",
        "bought_at": thing.bought_at,
        "price": price,
        "note": thing.note,
        "files": ", ".join(names),
    }
    rows = tuple((words[key], (str(value),)) for key, value in told.items() if value)
    return Section(f"thing-{number}", f"{number}. {thing.name}", (Facts(rows),))


def _shown(thing: Thing) -> Shown:
    return Shown(thing, tuple(operations.files_of(thing=thing)))


def _gone_on(controller: Controller, thing: Thing) -> date | None:
    rules = current(controller_id=controller.pk, on=clock.today()).retention
    period = next((r.period for r in rules if (r.category, r.clock) == ("registered_object", "removed")), None)
    if period is None or thing.removed_at is None:
        return None
    return IsoPeriod.parse(period).add_to(clock.local_date(thing.removed_at))
