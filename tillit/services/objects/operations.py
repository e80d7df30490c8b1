"""Things: entered, changed, taken away and brought back; their files kept sealed. Within an open scope (D6)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from tillit.cases import files
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Scope
from tillit.parties import sealing
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.services.objects.errors import ThingError
from tillit.services.objects.models import KINDS, Thing, ThingFile

MOST, MOST_FILES = 200, 10
"""Things a person, files a thing."""
LARGEST = 10_000_000
"""Bytes of a file as it comes in."""
_LONGEST = {"name": 120, "maker": 120, "serial_number": 60, "bought_at": 120, "note": 2000}
_TABLE = ThingFile._meta.db_table


@dataclass(frozen=True)
class Said:
    """What a person says of a thing."""

    name: str
    kind: str = "other"
    maker: str = ""
    serial_number: str = ""
    bought_on: date | None = None
    bought_at: str = ""
    price: int | None = None
    currency: str = "NOK"
    note: str = ""

    def columns(self, today: date) -> Mapping[str, Any]:
        """As they are kept. Raises `ThingError`."""
        texts = {key: str(getattr(self, key)).strip() for key in _LONGEST}
        if not texts["name"]:
            raise ThingError("name", "say what it is")
        if any(len(text) > _LONGEST[key] for key, text in texts.items()):
            raise ThingError("words", "that is too long")
        if any(has_card_number(text) for key, text in texts.items() if key != "serial_number" or not _imei(text)):
            raise ThingError("words", "a card number may not stand in free text")
        if self.kind not in KINDS:
            raise ThingError("kind", "choose what kind of thing it is")
        if self.price is not None and not 0 <= self.price <= 10**12:
            raise ThingError("price", "that is no price")
        if self.bought_on is not None and self.bought_on > today:
            raise ThingError("day", "that day is to come")
        return {
            **texts,
            "kind": self.kind,
            "bought_on": self.bought_on,
            "price": self.price,
            "currency": self.currency,
        }


def mine(*, subject_id: int, removed: bool = False) -> QuerySet[Thing]:
    """The person's things by name; with `removed` those taken away that can still be brought back."""
    found = Thing.objects.filter(subject_id__in=same_person(subject_id), removed_at__isnull=not removed)
    return found.order_by(Ordered("name"), "id")


def one(*, subject_id: int, thing_id: int, removed: bool = False) -> Thing:
    """A thing of the person's. Raises `ThingError` `no-thing`."""
    found = mine(subject_id=subject_id, removed=removed).filter(id=thing_id).first()
    if found is None:
        raise ThingError("no-thing", "there is no such thing")
    return found


def add(*, scope: Scope, subject_id: int, controller_id: int, said: Said, at: datetime) -> Thing:
    """Enter a thing. Raises `ThingError`."""
    columns = said.columns(clock.local_date(at))
    state = lock_subject(scope=scope, subject_id=subject_id)
    if mine(subject_id=subject_id).count() >= MOST:
        raise ThingError("too-many", f"at most {MOST} things")
    return Thing.objects.create(subject_id=subject_id, controller_id=controller_id, state=state, added_at=at, **columns)


def change(*, scope: Scope, subject_id: int, thing_id: int, said: Said, at: datetime) -> Thing:
    """Say it anew. Raises `ThingError`."""
    columns = said.columns(clock.local_date(at))
    lock_subject(scope=scope, subject_id=subject_id)
    row = one(subject_id=subject_id, thing_id=thing_id)
    Thing.objects.filter(subject_id=row.subject_id, id=row.id).update(changed_at=at, **columns)
    return one(subject_id=subject_id, thing_id=thing_id)


def remove(*, scope: Scope, subject_id: int, thing_id: int, at: datetime) -> Thing:
    """Take it away; `bring_back` undoes it for as long as the declaration keeps it. Raises `ThingError`."""
    lock_subject(scope=scope, subject_id=subject_id)
    row = one(subject_id=subject_id, thing_id=thing_id)
    Thing.objects.filter(subject_id=row.subject_id, id=row.id).update(removed_at=at)
    ThingFile.objects.filter(subject_id=row.subject_id, thing_id=row.id, removed_at=None).update(removed_at=at)
    return row


def bring_back(*, scope: Scope, subject_id: int, thing_id: int) -> Thing:
    """It was not to go, nor its files that went with it. Raises `ThingError` `no-thing`, `too-many`."""
    lock_subject(scope=scope, subject_id=subject_id)
    row = one(subject_id=subject_id, thing_id=thing_id, removed=True)
    if mine(subject_id=subject_id).count() >= MOST:
        raise ThingError("too-many", f"at most {MOST} things")
    gone = ThingFile.objects.filter(subject_id=row.subject_id, thing_id=row.id, removed_at=row.removed_at)
    gone.update(removed_at=None)
    Thing.objects.filter(subject_id=row.subject_id, id=row.id).update(removed_at=None)
    return one(subject_id=subject_id, thing_id=thing_id)


def files_of(*, thing: Thing) -> QuerySet[ThingFile]:
    """Its files, without contents, the oldest first."""
    rows = ThingFile.objects.filter(subject_id=thing.subject_id, thing_id=thing.id, removed_at=None)
    return rows.defer("sealed").order_by("added_at", "id")


def attach(*, scope: Scope, subject_id: int, thing_id: int, what: str, body: bytes, at: datetime) -> ThingFile:
    """Keep a picture or receipt: painted anew (a PDF as it is), sealed. Raises `ThingError`, `CaseError` (`file-…`)."""
    if what not in ("photo", "receipt"):
        raise ThingError("what", "a photo or a receipt")
    if not body or len(body) > LARGEST:
        raise ThingError("file-large" if body else "file-empty", f"a file has 1 to {LARGEST} bytes")
    allowed = {*files.PICTURES} | ({files.PDF} if what == "receipt" else set())
    if files.media_type_of(body) not in allowed:
        raise ThingError("file-type", "that is no picture, or no receipt")
    kept = files.clean(body)  # before anything is locked: it takes a while
    state = lock_subject(scope=scope, subject_id=subject_id)
    thing = one(subject_id=subject_id, thing_id=thing_id)
    if files_of(thing=thing).count() >= MOST_FILES:
        raise ThingError("file-many", f"at most {MOST_FILES} files a thing")
    sealed = sealing.seal(
        subject_id=thing.subject_id,
        controller_id=thing.controller_id,
        table=_TABLE,
        column="sealed",
        value=base64.b64encode(kept.body).decode(),
    )
    return ThingFile.objects.create(
        subject_id=thing.subject_id,
        controller_id=thing.controller_id,
        state=state,
        thing_id=thing.id,
        what=what,
        media_type=kept.media_type,
        bytes=len(kept.body),
        sealed=sealed,
        added_at=at,
    )


def detach(*, scope: Scope, thing: Thing, file_id: int) -> None:
    """Take a file away; gone at once. Raises `ThingError` `no-file`."""
    lock_subject(scope=scope, subject_id=thing.subject_id)
    row = file_of(thing=thing, file_id=file_id)
    ThingFile.objects.filter(subject_id=row.subject_id, id=row.id).update(removed_at=clock.now(), sealed=b"")


def file_of(*, thing: Thing, file_id: int) -> ThingFile:
    """A file of the thing. Raises `ThingError` `no-file`."""
    found = ThingFile.objects.filter(
        subject_id=thing.subject_id, thing_id=thing.id, id=file_id, removed_at=None
    ).first()
    if found is None:
        raise ThingError("no-file", "there is no such file")
    return found


def contents(*, file: ThingFile) -> bytes:
    """The file itself. Raises `SealedValueLostError`."""
    text = sealing.open_sealed(
        subject_id=file.subject_id,
        controller_id=file.controller_id,
        table=_TABLE,
        column="sealed",
        sealed=file.sealed,
    )
    return base64.b64decode(text)


def ending(media_type: str) -> str:
    """Of a file's name."""
    return files.ENDINGS[media_type]


def _imei(text: str) -> bool:
    """A phone's number (3GPP TS 23.003): fifteen digits with a card's check digit; cards of fifteen begin 34 or 37."""
    digits = "".join(sign for sign in text if sign.isdecimal())
    return len(digits) == 15 and digits[:2] not in {"34", "37"}
