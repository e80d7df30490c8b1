"""Data keys and secrets of authenticator apps wrapped with the present key-encryption key (H18).

As the owner: the application may ask for a person's key, and never read the store. A chunk is a transaction, so that a
run that was stopped can be made again, and nobody waits long.
"""

from typing import Any

import psycopg

from tillit.kernel.sql import load
from tillit.parties import factors, sealing
from tillit.parties.credential_models import TimeCode

CHUNK = 5000


def rewrap_keys(owner: psycopg.Connection[Any]) -> int:
    """Wrap every data key anew; how many. Raises `SealedValueLostError` for one that no key at hand opens: what was
    wrapped until then stays so.
    """
    done, subject, controller = 0, -1, -1
    while True:
        given = {"subject": subject, "controller": controller, "limit": CHUNK}
        rows = owner.execute(load(__file__, "rewrap", "keys").encode(), given).fetchall()
        if not rows:
            owner.commit()
            return done
        wrapped = [sealing.rewrapped(s, c, bytes(old)) for s, c, old in rows]
        put = {"subjects": [r[0] for r in rows], "controllers": [r[1] for r in rows], "wrapped": wrapped}
        owner.execute(load(__file__, "rewrap", "put").encode(), put)
        owner.commit()
        (subject, controller, _), done = rows[-1], done + len(rows)


def rewrap_time_codes() -> int:
    """Seal the secrets of authenticator apps anew; how many."""
    done = 0
    for row in TimeCode.objects.order_by("pk"):
        TimeCode.objects.filter(pk=row.pk, sealed=row.sealed).update(sealed=factors.resealed(row))
        done += 1
    return done
