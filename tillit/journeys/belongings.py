"""The person's registered objects, and an extract of them for a claim (D6): a PDF of what they are, and their files."""

import io
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.document import Document, Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope
from tillit.parties.queries import facts
from tillit.services.access import open_to
from tillit.services.errors import ServiceError
from tillit.services.objects import operations
from tillit.services.objects.models import Thing, ThingFile
from tillit.services.objects.operations import Said

OWN, SERVICE = "self_service", "object_registration"


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
    with Scope(actor, OWN, frozenset({subject_id})):
        now = [_shown(thing) for thing in operations.mine(subject_id=subject_id)]
        gone = [
            Shown(thing, (), _gone_on(controller, thing))
            for thing in operations.mine(subject_id=subject_id, removed=True)
        ]
        may = open_to(subject_id=subject_id, controller_id=controller.pk, service=SERVICE, on=clock.today())
    return now, gone, may


def one(*, actor: Actor, subject_id: int, thing_id: int) -> Shown:
    """One of them. Raises `ThingError` `no-thing`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        return _shown(operations.one(subject_id=subject_id, thing_id=thing_id))


def add(*, actor: Actor, controller: Controller, subject_id: int, said: Said) -> Thing:
    """Enter a thing. Raises `ThingError`, `ServiceError` `no-access`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        if not open_to(subject_id=subject_id, controller_id=controller.pk, service=SERVICE, on=clock.today()):
            raise ServiceError("no-access", "no agreement gives access to it")
        return operations.add(
            scope=scope, subject_id=subject_id, controller_id=controller.pk, said=said, at=clock.now()
        )


def change(*, actor: Actor, subject_id: int, thing_id: int, said: Said) -> Thing:
    """Say it anew. Raises `ThingError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return operations.change(scope=scope, subject_id=subject_id, thing_id=thing_id, said=said, at=clock.now())


def remove(*, actor: Actor, subject_id: int, thing_id: int) -> Thing:
    """Take it away. Raises `ThingError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return operations.remove(scope=scope, subject_id=subject_id, thing_id=thing_id, at=clock.now())


def bring_back(*, actor: Actor, subject_id: int, thing_id: int) -> Thing:
    """Undo that. Raises `ThingError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return operations.bring_back(scope=scope, subject_id=subject_id, thing_id=thing_id)


def attach(*, actor: Actor, subject_id: int, thing_id: int, what: str, bodies: Collection[bytes]) -> None:
    """Keep pictures or receipts of it; all of them or none. Raises `ThingError`, `CaseError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        for body in bodies:
            operations.attach(
                scope=scope, subject_id=subject_id, thing_id=thing_id, what=what, body=body, at=clock.now()
            )


def detach(*, actor: Actor, subject_id: int, thing_id: int, file_id: int) -> None:
    """Take a file away. Raises `ThingError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        thing = operations.one(subject_id=subject_id, thing_id=thing_id)
        operations.detach(scope=scope, thing=thing, file_id=file_id)


def file(*, actor: Actor, subject_id: int, thing_id: int, file_id: int) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file of one's own. Raises `ThingError`."""
    with Scope(actor, OWN, frozenset({subject_id})):
        thing = operations.one(subject_id=subject_id, thing_id=thing_id)
        found = operations.file_of(thing=thing, file_id=file_id)
        name = f"{found.what}-{file_id % 10_000}.{operations.ending(found.media_type)}"
        return name, found.media_type, operations.contents(file=found)


def extract(
    *, actor: Actor, controller: Controller, subject_id: int, thing_ids: Collection[int], words: dict[str, str]
) -> bytes:
    """A ZIP of the things for a claim: `objects.pdf` and their files, numbered as in it; all things when none is named.

    `words`: the wording of the document (`language` among it). Raises `ThingError` `no-thing`.
    """
    with Scope(actor, OWN, frozenset({subject_id})):
        wanted = sorted(set(thing_ids)) or [thing.id for thing in operations.mine(subject_id=subject_id)]
        things = [_shown(operations.one(subject_id=subject_id, thing_id=number)) for number in wanted]
        known = facts(subject_id=subject_id)
        bodies = {one.id: operations.contents(file=operations.file_of(thing=shown.thing, file_id=one.id))
                  for shown in things for one in shown.files}  # fmt: skip
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        sections = []
        for number, shown in enumerate(things, 1):
            names = []
            for place, one in enumerate(shown.files, 1):
                names.append(f"{number:03}-{one.what}-{place}.{operations.ending(one.media_type)}")
                archive.writestr(names[-1], bodies[one.id])
            sections.append(_section(number, shown.thing, names, words))
        name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
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
    return made.getvalue()


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
