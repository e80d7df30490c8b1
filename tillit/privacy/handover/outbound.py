"""The sealed parcels of people who have left, kept as files beside the journal until they are safe (A10, H11).

A dump that is older than somebody's leaving holds no parcel, while the journal says that they are gone; so the parcel
must be where dumps are not. A file appears before the person leaves and goes when the receiver has confirmed: nothing
of it stays for the year of the journal. Inside: the hand-over and the parcel's row as JSON, sealed with the journal's
secret; the parcel itself is sealed for the receiver.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import model_to_dict

from tillit.platform import sealed_files
from tillit.platform.errors import SealedFileError
from tillit.privacy.backup import places
from tillit.privacy.errors import BackupError
from tillit.privacy.models import Handover, HandoverSent

_NAME = re.compile(r"([0-9a-f]{64})\.parcel\Z")
_CONTEXT = "tillit parcel 1"


def keep(*, handover: Handover, sent: HandoverSent) -> None:
    """Have the parcel on disk, synced, before the person leaves. Again, it takes the place of the former."""
    row: dict[str, Any] = {"reference": sent.reference, "left": sent.left, "left_at": sent.left_at}
    said = {"handover": _plain(handover), "sent": row, "message": bytes(sent.message or b"").hex()}
    with sealed_files.created(
        _path(sent.reference), name=places.SECRETS["journal"], version=places.key_version(), context=_CONTEXT
    ) as file:
        file.write(json.dumps(said, cls=DjangoJSONEncoder).encode())


def let_go(*, reference: str) -> None:
    """It is safe at the receiver, or never left."""
    _path(reference).unlink(missing_ok=True)


def waiting() -> list[str]:
    """The references of the parcels that are there."""
    directory = places.folder("journal")
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    return sorted(match[1] for name in names if (match := _NAME.match(name)))


def kept() -> Iterator[dict[str, Any]]:
    """What each parcel says: `handover` (its row), `sent` (reference, left, left_at), `message` (hexadecimal).

    Raises `BackupError` `damaged`.
    """
    for reference in waiting():
        path = _path(reference)
        try:
            with path.open("rb") as file:
                yield json.loads(b"".join(sealed_files.read(file, name=places.SECRETS["journal"], context=_CONTEXT)))
        except SealedFileError as error:
            raise BackupError("damaged", f"{path}: {error}") from None


def _plain(handover: Handover) -> dict[str, Any]:
    """Columns and values, as the database has them."""
    columns = {field.name: str(field.column) for field in Handover._meta.concrete_fields}
    return {columns[name]: value for name, value in model_to_dict(handover).items()}


def _path(reference: str) -> Path:
    return places.folder("journal") / f"{reference}.parcel"
