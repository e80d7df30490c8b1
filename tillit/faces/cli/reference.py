"""Every command with its options as one page, from the commands themselves (`tillit docs commands`)."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import typer

from tillit.faces.cli.main import COMMANDS, MODULES

_HEAD = """# Commands

Made by `tillit docs commands` from the commands themselves. `tillit COMMAND --help` tells the same on a terminal.

Every command ends with 0 when it is done, 1 when it failed, 2 for bad input, 3 when a file was taken in and rows of it
were put aside, 130 when interrupted; a failure is one line on standard error. What a prompt asks for can be piped in.
Words in `UPPER CASE` are to be filled in; `[…]` may be left out.
"""


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """(its words, the command) of every command that can be run, in order."""
    commands = getattr(command, "commands", None)
    if not commands or getattr(command, "invoke_without_command", False):
        yield " ".join(words), command
    for name, one in (commands or {}).items():
        yield from leaves(one, (*words, name))


def every() -> dict[str, Any]:
    """Every command that can be run, by its words without `tillit`."""
    found: dict[str, Any] = {}
    for name in sorted(COMMANDS):
        module = importlib.import_module(f"tillit.faces.cli.{MODULES.get(name, name.replace('-', '_'))}")
        found |= dict(leaves(typer.main.get_command(module.app), (name,)))
    return found


def page() -> str:
    """The page, in Markdown."""
    parts, known = [_HEAD], every()
    for name, purpose in sorted(COMMANDS.items()):
        parts.append(f"\n## {name}\n\n{_plain(purpose)}\n")
        for words, command in known.items():
            if words == name or words.startswith(f"{name} "):
                parts.append(_told(words, command))
    return "".join(parts)


def _told(words: str, command: Any) -> str:
    shown = [one for one in command.params if one.name not in {"help"} and not getattr(one, "hidden", False)]
    called = " ".join(["tillit", words, *map(_called, shown)])
    lines = [f"\n### {words}\n", f"\n`{called}`\n", f"\n{_plain(command.help or '')}\n" if command.help else ""]
    rows = [(_name(one), _plain(one.help)) for one in shown if getattr(one, "help", None)]
    if rows:
        lines += ["\n", *(f"- `{name}`: {said}\n" for name, said in rows)]
    return "".join(lines)


def _called(one: Any) -> str:
    name = _name(one)
    if one.param_type_name == "option" and not getattr(one, "is_flag", False):
        name = f"{name} {one.name.upper()}"
    return name if one.required else f"[{name}]"


def _name(one: Any) -> str:
    return str(one.metavar or one.name.upper()) if one.param_type_name == "argument" else str(one.opts[-1])


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("<", "&lt;")
