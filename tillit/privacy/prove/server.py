"""The server's settings: no statement and no value reaches its log, and no rule is put aside (C15, H18)."""

from collections.abc import Iterator

from tillit.platform import server_config
from tillit.privacy.prove import catalog
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once


def faults() -> Iterator[str]:
    """Every setting that is neither what we write, nor what PostgreSQL begins with, nor without consequence here."""
    for _, name, value, first in catalog.rows("server_settings"):
        if name in server_config.OF_NO_CONSEQUENCE or str(name).startswith("tillit."):
            continue
        if value != server_config.WITHOUT_PERSONAL_DATA.get(str(name), first):
            yield f"the server's setting {name} is another one"


def _check(context: Context, said: Said) -> Finding:
    if "server" not in context.shared.faults:
        with context.scope():
            looked = len(catalog.rows("server_settings"))
            context.shared.faults["server"] = (list(faults()), {"settings": looked})
    found, evidence = context.shared.faults["server"]
    return judged(found, **evidence)


KIND = Kind("server", once("server", "security"), _check)
