"""Every `tillit` command that a document shows is one that the command line understands, with those options."""

import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.docs.shown import DOCS, everything
from tillit.faces.cli.main import COMMANDS as KNOWN
from tillit.faces.cli.main import MODULES

_INLINE = re.compile(r"`(tillit [a-z][^`]*)`")


def root(name: str) -> Any:
    """The command of that name, as `tillit NAME` runs it."""
    if name not in KNOWN:
        raise typer.TyperException(f"no command {name}")
    module = import_module(f"tillit.faces.cli.{MODULES.get(name, name.replace('-', '_'))}")
    return typer.main.get_command(module.app)


def parsed(command: str) -> None:
    """Parse it as the command line does, and run nothing. Raises `typer.TyperException`."""
    name, *words = shlex.split(command.partition(" > ")[0], comments=True)[1:]
    step, context = root(name), None
    while True:
        context = step.make_context(name, list(words), parent=context)
        commands = getattr(step, "commands", None)
        rest = [*getattr(context, "_protected_args", ()), *context.args]
        if not commands or (not rest and getattr(step, "invoke_without_command", False)):
            return
        if rest[0] not in commands:
            raise typer.TyperException(f"no command {rest[0]}")
        step, name, words = commands[rest[0]], rest[0], rest[1:]


COMMANDS = sorted({(one.page, one.command) for one in everything()})


def test_there_are_commands_to_try() -> None:
    assert len(COMMANDS) > 50
    with pytest.raises(typer.TyperException):
        parsed("tillit import purchases f.csv --source x --no-such")
    with pytest.raises(typer.TyperException):
        parsed("tillit no-such")


@pytest.mark.parametrize(("document", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_a_shown_command_is_understood(
    document: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in re.findall(r"[\w./-]+\.(?:txt|yaml|csv|dump|json)\b", command):  # files the reader has
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    parsed(re.sub(r"\$[A-Z]+", "1", command))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_named_in_the_text_exist(path: Path) -> None:
    for named in _INLINE.findall(path.read_text(encoding="utf-8")):
        words = [word for word in re.split(r"[ |\n]", named)[1:] if word]
        if named == "tillit package":  # a label in a format
            continue
        step: Any = root(words[0])
        for word in words[1:]:
            commands = getattr(step, "commands", None)
            if not commands or not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            assert word in commands, named
            step = commands[word]
