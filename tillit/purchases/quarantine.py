"""Rows that could not be used: kept sealed for repair, with line, field and reason in the open (issue "Bad input").

A row may hold a card number, so it is sealed (AES-256-GCM, a key of its own kind from the installation's secrets, bound
to batch and line) and lapses with the table's declared life. Layout: version (1 byte), nonce (12), ciphertext with tag.
"""

import json
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from tillit.kernel import clock
from tillit.platform.secrets import secret
from tillit.purchases.errors import QuarantineError
from tillit.purchases.models import QuarantinedRow
from tillit.purchases.reading.chunks import Reject
from tillit.purchases.reading.reasons import message

_VERSION, _NONCE = b"\x01", 12
_COPY = (
    "COPY purchases_quarantine (batch_id, line, field, reason, message, sealed, quarantined_at, resolution) FROM STDIN"
)


def seal(*, batch_id: int, line: int, values: dict[str, str | None]) -> bytes:
    """The row's fields, sealed for one line of one batch."""
    nonce = os.urandom(_NONCE)
    plain = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return _VERSION + nonce + _cipher().encrypt(nonce, plain, _place(batch_id, line))


def open_row(row: QuarantinedRow) -> dict[str, str | None]:
    """The row's fields as they were read. `QuarantineError` when they were not kept or do not open."""
    if row.sealed is None:
        raise QuarantineError("row-not-kept", "that row was not kept: it can only be sent again")
    body = bytes(row.sealed)
    try:
        plain = _cipher().decrypt(body[1 : 1 + _NONCE], body[1 + _NONCE :], _place(row.batch_id, row.line))
    except InvalidTag:
        raise QuarantineError("row-lost", "the key that row was sealed with is gone") from None
    values: dict[str, str | None] = json.loads(plain)
    return values


def put(*, batch_id: int, rejects: Sequence[Reject]) -> int:
    """Quarantine rows, in the running transaction; how many."""
    if not rejects:
        return 0
    now = clock.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for reject in rejects:
            sealed = None
            if reject.values is not None:
                sealed = seal(batch_id=batch_id, line=reject.line, values=reject.values)
            words = message(reject.code)
            copy.write_row((batch_id, reject.line, reject.field, reject.code, words, sealed, now, ""))
    return len(rejects)


def _cipher() -> AESGCM:
    return AESGCM(secret("quarantine"))


def _place(batch_id: int, line: int) -> bytes:
    return f"purchases_quarantine:{batch_id}:{line}".encode()
