"""A file that is sent again before anything has changed is recognised whole, and not read a second time.

When a full file is finished and every one of its rows stands in the register as it was sent, a mark is kept with it:
how its bytes were read (its encoding, too, which whoever sends it may name), what rows mean, how many there are, and a
hash over the digests by which open memberships are listed, each with whose it is. The same bytes with the same mark can
do nothing: each row is listed, and nobody is listed besides.
"""

from hashlib import sha256

from django.db import connection

from tillit.journeys.register.comparing import ACTIVITY, Difference
from tillit.journeys.register.reading import means
from tillit.journeys.register.sqls import sql
from tillit.kernel.scope import Actor, Scope
from tillit.membership.models import RegisterFile
from tillit.membership.reading.references import References


def mark(*, actor: Actor, known: References, style: str, described: str, rows: int) -> str:
    """The mark of the register as it stands, where so many memberships are listed; '' where another number is.

    described: how the file was read (encoding, delimiter, columns, dates).
    """
    with Scope(actor, ACTIVITY), connection.cursor() as cursor:
        cursor.execute(sql("compare", "fingerprint"), {"controller": known.controller_id})
        count, found = cursor.fetchone()
    return sha256(f"{described}:{means(known, style)}:{count}:{found}".encode()).hexdigest() if count == rows else ""


def settled(*, actor: Actor, known: References, style: str, described: str, file: RegisterFile) -> Difference | None:
    """What the finished file does again: nothing, where its mark is the register's; None where it must be read."""
    rows = int(file.counts.get("rows", 0))
    if file.state != "finished" or not file.settled or not rows:
        return None
    if mark(actor=actor, known=known, style=style, described=described, rows=rows) != file.settled:
        return None
    return Difference(rows=rows, unchanged=rows, listed=rows)
