"""What the environment says, read and checked in one place.

A value that cannot be what its setting is stops the start with the variable's name and what it must be, and never with
the value, which may hold a secret.
"""

import os
from collections.abc import Callable
from urllib.parse import urlsplit

from tillit.platform.errors import SettingError

_HERE = {"localhost", "127.0.0.1", "::1"}
_SERVICE = "https://TOKEN@host/path (http:// on this machine alone)"


def flag(variable: str, *, default: bool = False) -> bool:
    """`1` or `0`. Raises `SettingError` for anything else, so that `yes` is not taken for no."""
    given = os.environ.get(variable, "").strip()
    if given not in {"", "0", "1"}:
        raise SettingError(f"{variable} must be 1 or 0")
    return given == "1" if given else default


def number(variable: str, *, default: int, least: int = 0, what: str = "a whole number") -> int:
    """A whole number of at least `least`. Raises `SettingError`, which says `what` it must be."""
    given = os.environ.get(variable, "").strip() or str(default)
    if not (given.isascii() and given.isdigit() and len(given) < 10) or int(given) < least:
        raise SettingError(f"{variable} must be {what}: {least}, {least + 1} …")
    return int(given)


def one_of(variable: str, *allowed: str) -> str:
    """One of the words; the first is what holds when nothing is said. Raises `SettingError`."""
    given = os.environ.get(variable, "").strip() or allowed[0]
    if given not in allowed:
        raise SettingError(f"{variable} must be one of {', '.join(sorted(allowed))}")
    return given


def address(variable: str, *, schemes: tuple[str, ...], like: str, default: str = "") -> str:
    """An address with one of the schemes and, where the scheme has `//`, a host. Raises `SettingError`."""
    given = os.environ.get(variable, "").strip() or default
    if given and not _is_address(given, schemes):
        raise SettingError(f"{variable} must be {like}")
    return given


def addresses(variable: str, *, schemes: tuple[str, ...], like: str, default: str) -> list[str]:
    """Addresses with commas between them. Raises `SettingError`."""
    given = [one.strip() for one in (os.environ.get(variable, "") or default).split(",") if one.strip()]
    if not given or not all(_is_address(one, schemes) for one in given):
        raise SettingError(f"{variable} must be {like}, separated by commas")
    return given


def service(variable: str) -> str:
    """Where a service outside is, with its token. The token goes in clear to this machine alone. Raises
    `SettingError`.
    """
    given = os.environ.get(variable, "").strip()
    if given and not _is_service(given):
        raise SettingError(f"{variable} must be {_SERVICE}")
    return given


def services(variable: str) -> str:
    """A service for each key: `key=https://TOKEN@host/path …`. Raises `SettingError`."""
    return _by_key(variable, _is_service, _SERVICE)


def files(variable: str) -> str:
    """A file for each key: `key=/path …`. Raises `SettingError`; whether the files are there is not asked."""
    return _by_key(variable, lambda path: path.startswith("/"), "/path/to/file")


def by_prefix(prefix: str) -> dict[str, str]:
    """Services by what follows the prefix in their variables' names, in lower case. Raises `SettingError`."""
    found = {name.removeprefix(prefix).lower(): service(name) for name in os.environ if name.startswith(prefix)}
    return {name: at for name, at in found.items() if name and at}


def _by_key(variable: str, fits: Callable[[str], bool], like: str) -> str:
    given = os.environ.get(variable, "").strip()
    for one in given.split():
        key, is_, value = one.partition("=")
        if not (key and is_ and fits(value)):
            raise SettingError(f"{variable} must be key={like}, with a space between two")
    return given


def _is_address(given: str, schemes: tuple[str, ...]) -> bool:
    scheme, colon, rest = given.partition(":")
    if not colon or scheme not in schemes or any(letter.isspace() for letter in given):
        return False
    return bool(rest) if not rest.startswith("//") else _host(given) is not None


def _is_service(given: str) -> bool:
    host = _host(given) if given.startswith(("https://", "http://")) else None
    return host is not None and (given.startswith("https://") or host in _HERE)


def _host(given: str) -> str | None:
    """The host of an address; None for one that has none, or a port that is no port."""
    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname or None
