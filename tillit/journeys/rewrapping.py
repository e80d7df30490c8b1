"""The key-encryption key is changed: everything it wraps is wrapped with the new one, and the old one may go (H18)."""

from dataclasses import dataclass

from django.db import connection

from tillit.audit import events
from tillit.audit.operations import append
from tillit.kernel.scope import system
from tillit.messages import dkim
from tillit.parties import rewrapping
from tillit.platform import database, key_encryption, secret_marks
from tillit.privacy.backup.run import copy_keys


@dataclass(frozen=True)
class Rewrapped:
    """How many of each were wrapped anew, and the secret that nothing is wrapped with any more; '' for the first."""

    keys: int
    time_codes: int
    signing_keys: int
    unneeded: str


def rewrap() -> Rewrapped:
    """Wrap everything with the present version, copy the key store, and let the database forget the version before.

    Outside every scope; may be made again. Raises `SealedValueLostError` or `SettingError`.
    """
    where = database.place(str(connection.settings_dict["NAME"]))
    version = key_encryption.current()
    earlier = tuple(key_encryption.name(one) for one in range(1, version))
    with database.connect("owner", name=where.name) as owner:
        keys = rewrapping.rewrap_keys(owner)
    codes, signing = rewrapping.rewrap_time_codes(), dkim.rewrap()
    copy_keys()
    secret_marks.remember(where, forget=earlier)
    append(
        type=events.SECRET_ROTATED,
        actor=system("keys", []),
        activity="security_log",
        controller=0,
        details={"secret": "key_encryption", "version": version},
    )
    return Rewrapped(keys, codes, signing, ", ".join(earlier))
