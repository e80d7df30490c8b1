"""With the database stopped every command says so in one line and ends with exit code 1; nothing is shown or done."""

import inspect
import io
import typing
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.gone import database_gone
from tillit.faces.cli.main import run
from tillit.faces.cli.reference import every

# What works without a database, or is a process of its own and tried elsewhere: command → why.
APART = {
    "bench breakdown": "homes made up in memory",
    "doctor": "tells it among other findings: tests/faces/cli/test_doctor.py",
    "handover fingerprint": "of a secret",
    "messages letters collect": "nothing to do where no letters are sent",
    "services tell": "nothing to do where no supplier is told by computer",
    "payments follow-up": "nothing to do where no acquirer is named",
    "cookies scan": "a browser comes first",
    "db psql": "becomes another program",
    "db settings": "prints what stands in the code",
    "db start": "starts the embedded server alone",
    "db stop": "stops it",
    "declare check": "judges files",
    "declare diff": "compares files",
    "declare keys": "prints what stands in the code",
    "declare record": "may be given a file",
    "declare statement": "may be given a file",
    "docs commands": "writes what stands in the code",
    "docs code-map": "writes what stands in the code",
    "docs data-map": "writes what stands in the code",
    "serve": "tests/faces/cli/test_main.py: begins with a migration in a process of its own",
}
WORDS = {
    "address": "https://site.example/",
    "email": "x@post.example",
    "month": "2026-01",
    **dict.fromkeys(
        ("since", "until", "day", "start", "end", "starts", "at", "accept_from", "confidentiality"), "2026-01-01"
    ),
}


def _value(parameter: Any, file: Path) -> str:
    kind = parameter.type_descriptor.annotation
    kind = next((one for one in typing.get_args(kind) if one is not type(None)), kind)
    if kind is Path:
        return str(file)
    if kind in {int, float}:
        return str(parameter.min or 1)
    if kind is UUID:
        return str(UUID(int=1))
    if kind in {date, datetime}:
        return "2026-01-01"
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return WORDS.get(parameter.name, "1")


def _called(name: str, command: Any, file: Path) -> list[str]:
    words = name.split()
    for parameter in command.params:
        if parameter.required:
            option = [] if parameter.param_type_name == "argument" else [parameter.opts[-1]]
            words += [*option, _value(parameter, file)]
        elif parameter.name == "yes":
            words.append("--yes")
    return words


ALL = every()
TRIED = [name for name in ALL if name not in APART and not name.startswith("simulator ")]


def test_the_commands_set_apart_exist() -> None:
    assert len(TRIED) > 200
    assert APART.keys() <= ALL.keys()


@pytest.fixture(scope="module")
def gone(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), database_gone():
        yield


@pytest.mark.parametrize("name", TRIED)
def test_h18_a_command_without_its_database_says_so_in_one_line(
    name: str, gone: None, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "given"
    file.write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    code = run(_called(name, ALL[name], file))
    out, err = capfd.readouterr()
    assert code != 0, out
    said = err.strip().splitlines()
    assert said, out
    assert said[-1].startswith("tillit: "), err
    assert [word for word in ("Traceback", "hush", "internal error") if word in out + err] == [], err
