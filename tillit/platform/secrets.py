"""Secrets of this installation: from the environment, else generated once and kept in ``var/secrets.json`` (0600).

``TILLIT_SECRET_<NAME>`` (base64) wins over the file, so that an operator can keep secrets in a vault. The names in use
are those of the callers: ``django``, ``key_encryption``, ``digest_root``, ``audit`` and the database passwords.
"""

import base64
import binascii
import json
import os
import re
import secrets as random_source
import stat
from functools import lru_cache
from pathlib import Path

from tillit.platform import paths
from tillit.platform.errors import SecretError
from tillit.platform.locks import exclusive

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def secret(name: str, size: int = 32) -> bytes:
    """The secret `name` of at least `size` bytes.

    `name` is lower case with underscores. Generated and stored on first use unless ``TILLIT_SECRET_<NAME>`` is set.
    Raises `SecretError` for a malformed or short value and for a file that others can read.
    """
    if not _NAME.match(name):
        raise SecretError("a secret's name is lower-case letters, digits and underscores")
    variable = f"TILLIT_SECRET_{name.upper()}"
    given = os.environ.get(variable)
    if given:
        return _decode(given, size=size, origin=variable)
    path = paths.ensure_var() / "secrets.json"
    stored = _read(path).get(name)
    if stored is None:
        with exclusive(path.with_suffix(".lock")):
            known = _read(path)
            stored = known.get(name)
            if stored is None:
                stored = base64.b64encode(random_source.token_bytes(size)).decode()
                _replace(path, {**known, name: stored})
    return _decode(stored, size=size, origin=f"{path} ({name})")


def known(name: str) -> bool:
    """Whether the secret `name` is there, in the environment or the file; nothing is made. Raises as `secret`."""
    return bool(os.environ.get(f"TILLIT_SECRET_{name.upper()}")) or name in _read(paths.var() / "secrets.json")


def password(name: str) -> str:
    """The secret `name` as text that is safe in connection strings: 43 characters of unpadded URL-safe base64."""
    return base64.urlsafe_b64encode(secret(name)).decode().rstrip("=")


def _decode(value: str, *, size: int, origin: str) -> bytes:
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise SecretError(f"{origin} is not base64") from None
    if len(decoded) < size:
        raise SecretError(f"{origin} holds {len(decoded)} bytes, {size} are needed")
    return decoded


def _read(path: Path) -> dict[str, str]:
    """What the file holds, parsed once for as long as it stays the same: a secret is asked for with every digest."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}") from None
    return _parsed(path, (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


@lru_cache(maxsize=4)
def _parsed(path: Path, _as_it_was: tuple[int, ...]) -> dict[str, str]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}") from None
    with os.fdopen(handle, encoding="utf-8") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise SecretError(f"{path} can be read by others: chmod 600 it, and replace the secrets if they leaked")
        try:
            known = json.load(file)
        except ValueError:
            raise SecretError(f"{path} is not JSON: restore it from its backup") from None
    if not isinstance(known, dict):
        raise SecretError(f"{path} is not a JSON object: restore it from its backup")
    return known


def _replace(path: Path, known: dict[str, str]) -> None:
    """Write the whole file beside the old one and swap: a crash leaves either the old or the new."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
