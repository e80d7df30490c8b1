"""Data keys and secrets of authenticator apps wrapped with the present key-encryption key (H18).

As the owner: the application may ask for a person's key, and never read the store. A chunk is a transaction, so that a
run that was stopped can be made again, and nobody waits long.
"""

from typing import Any

import psycopg

from tillit.kernel.sql import load
from tillit.parties import factors, sealing
from tillit.parties.credential_models import TimeCode
from tillit.platform import key_encryption

CHUNK = 5000


def rewrap_keys(owner: psycopg.Connection[Any]) -> int:
    """Wrap every data key anew that is not yet; how many. Who still wrapped with an earlier version meanwhile may have
    made one behind us: so until there is none. Raises `SealedValueLostError` for one that no key at hand opens: what
    was wrapped until then stays so.
    """
    done = 0
    while wrapped := _once_over(owner):
        done += wrapped
    return done


def _once_over(owner: psycopg.Connection[Any]) -> int:
    done, subject, controller = 0, -1, -1
    present = key_encryption.cipher()
    while True:
        given = {"subject": subject, "controller": controller, "limit": CHUNK}
        rows = owner.execute(load(__file__, "rewrap", "keys").encode(), given).fetchall()
        if not rows:
            owner.commit()
            return done
        old = [(s, c, bytes(key)) for s, c, key in rows if not sealing.wrapped_with(present, s, c, bytes(key))]
        if old:
            wrapped = [sealing.rewrapped(*one) for one in old]
            put = {"subjects": [one[0] for one in old], "controllers": [one[1] for one in old], "wrapped": wrapped}
            owner.execute(load(__file__, "rewrap", "put").encode(), put)
        owner.commit()
        (subject, controller, _), done = rows[-1], done + len(old)


def rewrap_time_codes() -> int:
    """Seal the secrets of authenticator apps anew; how many."""
    done = 0
    for row in TimeCode.objects.order_by("pk"):
        TimeCode.objects.filter(pk=row.pk, sealed=row.sealed).update(sealed=factors.resealed(row))
        done += 1
    return done
