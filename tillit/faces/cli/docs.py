"""``tillit docs``: the documents that are made from the code."""

from pathlib import Path
from typing import Annotated, Any

import django
import typer
from rich.console import Console

from tillit.platform import paths

app = typer.Typer(no_args_is_help=True, help="Write the documents that are made from the code.")
out = Console(highlight=False, soft_wrap=True)


@app.callback()
def docs() -> None:
    """Write the documents that are made from the code."""


@app.command(name="data-map")
def data_map(
    to: Annotated[Path | None, typer.Option("--to", help="The file; default docs/data-map.md.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the file is out of date.")] = False,
) -> None:
    """The data map: every table and category, from the registry and the example declarations."""
    django.setup()
    from tillit.declaration.data_map import data_map as made

    path = to or _page("data-map")
    text = made(examples())
    if check:
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            out.print(f"{path}: out of date, run tillit docs data-map")
            raise typer.Exit(1)
        return
    _write(path, text)


@app.command(name="code-map")
def code_map(
    to: Annotated[Path | None, typer.Option("--to", help="The file; default docs/code-map.md.")] = None,
) -> None:
    """The map of the code: every package and journey, in the words of its own docstring."""
    from tillit.faces.code_map import code_map as made

    _write(to or _page("code-map"), made())


@app.command()
def commands(
    to: Annotated[Path | None, typer.Option("--to", help="The file; default docs/commands.md.")] = None,
) -> None:
    """The commands: each with its options, from the commands themselves."""
    from tillit.faces.cli.reference import page

    _write(to or _page("commands"), page())


def _page(name: str) -> Path:
    return paths.root() / "docs" / f"{name}.md"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    out.print(f"{path}: written")


def examples() -> list[Any]:
    """The example controllers' declarations, by key."""
    from tillit.declaration.loader import load

    folder = paths.root() / "examples"
    files = sorted(f for f in folder.glob("*/[!_]*.yaml") if f.name != "coverage.yaml")
    return sorted((load(file)[0] for file in files), key=lambda declared: declared.controller.key)
