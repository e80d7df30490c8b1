"""``tillit declare``: check, publish, compare and render declarations."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import django
import typer
from rich.console import Console

from tillit.faces.cli.ready import ready

if TYPE_CHECKING:
    from tillit.declaration.models import Controller
    from tillit.declaration.schema import Declaration
    from tillit.declaration.statement.document import Document

app = typer.Typer(no_args_is_help=True, help="Check, publish, compare and render declarations.")
out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

Files = Annotated[list[Path], typer.Argument(help="Declaration files.", show_default=False)]
Language = Annotated[str, typer.Option("--lang", help="Language of the text.")]


@app.command()
def check(
    files: Files,
    system: Annotated[bool, typer.Option(help="Also ask whether the running system can keep it.")] = True,
    notices: Annotated[bool, typer.Option(help="Also say what is odd but not wrong.")] = True,
) -> int:
    """Check declarations alone, beside the others of their folder, and against the running system.

    Every fault is one line, ``file:line: what is wrong``. Exit code 2 when there is one.
    """
    django.setup()
    from tillit.declaration import checks
    from tillit.declaration.errors import DeclarationRefusedError

    wrong = 0
    for path in files:
        try:
            declaration, source = checks.load_checked(path, siblings=checks.siblings(path))
            faults = checks.check_against_system(declaration, source) if system else []
        except DeclarationRefusedError as refused:
            faults, declaration = refused.problems, None
        for fault in faults:
            errors.print(str(fault), markup=False)
        wrong += len(faults)
        if declaration is None or faults:
            continue
        told = checks.notices(declaration, source) + (checks.system_notices(declaration, source) if system else [])
        for notice in told if notices else []:
            out.print(f"notice: {notice}", markup=False)
        out.print(f"{path}: accepted", markup=False)
    return 2 if wrong else 0


@app.command()
def publish(files: Files) -> int:
    """Publish declarations that pass every check; the same text again changes nothing.

    A material change is published with the notice the standing version promises. Nothing is published when one of the
    files is refused.
    """
    ready()
    from django.db import transaction

    from tillit.declaration.enforce import enforce_grants
    from tillit.declaration.publish import publish_file
    from tillit.kernel import clock

    with transaction.atomic():
        versions = [publish_file(path=path, at=clock.now(), recompile=False) for path in files]
        grants = enforce_grants()
    for version in versions:
        weight = "material" if version.material else "not material"
        out.print(
            f"{version.controller.key}: version {version.number}, in force from {version.effective}, {weight}",
            markup=False,
        )
    out.print(f"{grants} grants compiled")
    return 0


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A file, or CONTROLLER@VERSION.")],
    new: Annotated[str, typer.Argument(help="A file, or CONTROLLER@VERSION.")],
    lang: Language = "nb",
) -> int:
    """Compare two declarations: each change, material or not, and why."""
    django.setup()
    from tillit.declaration.difference import diff as differences
    from tillit.declaration.statement.compare import comparison
    from tillit.declaration.statement.text import render_text

    before, after = _declaration(old), _declaration(new)
    document = comparison(before, after, differences(before, after), lang, numbers=(_name(old), _name(new)))
    out.print(render_text(document), markup=False, end="")
    return 0


@app.command()
def statement(
    what: Annotated[str, typer.Argument(help="A file, or CONTROLLER for its standing version, or CONTROLLER@VERSION.")],
    lang: Language = "nb",
    form: Annotated[str, typer.Option("--format", help="html, pdf or text.")] = "text",
    cookies: Annotated[bool, typer.Option("--cookies", help="The cookie policy instead of the statement.")] = False,
    to: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output when left out.")] = None,
) -> int:
    """Render the privacy statement or the cookie policy."""
    django.setup()
    from tillit.declaration.statement.html import render_page
    from tillit.declaration.statement.pdf import render_pdf
    from tillit.declaration.statement.text import render_text

    if form not in {"html", "pdf", "text"}:
        raise typer.BadParameter(f"'{form}' is no form: html, pdf or text")
    document = _document(what, lang, cookies=cookies)
    if form == "pdf":
        data = render_pdf(document)
    else:
        data = (render_page(document) if form == "html" else render_text(document)).encode()
    if to is not None:
        to.write_bytes(data)
        out.print(f"{to}: {len(data)} bytes", markup=False)
    else:
        typer.get_binary_stream("stdout").write(data)
    return 0


@app.command()
def record(
    what: Annotated[str, typer.Argument(help="A file, or CONTROLLER, or CONTROLLER@VERSION.")],
    lang: Language = "nb",
    form: Annotated[str, typer.Option("--format", help="csv, json, html, xlsx, jsonld (W3C DPV) or fides.")] = "csv",
    to: Annotated[Path | None, typer.Option("--to", help="The file to write; default: standard output.")] = None,
) -> int:
    """Write the record of processing activities (GDPR art. 30), with what speaks for an impact assessment.

    A record in jsonld holds every language; one for fides is in English where the declaration is.
    """
    django.setup()
    from tillit.declaration import record_documents, record_interchange
    from tillit.declaration.record import as_csv
    from tillit.declaration.record import record as make

    writers: dict[str, Callable[[], str | bytes]] = {
        "csv": lambda: as_csv(make(declaration, lang), lang),
        "json": lambda: json.dumps(asdict(make(declaration, lang)), ensure_ascii=False, indent=1) + "\n",
        "html": lambda: record_documents.as_html(make(declaration, lang), lang),
        "xlsx": lambda: record_documents.as_xlsx(make(declaration, lang), lang),
        "jsonld": lambda: json.dumps(record_interchange.as_dpv(declaration), ensure_ascii=False, indent=1) + "\n",
        "fides": lambda: record_interchange.as_fides(declaration),
    }
    if form not in writers:
        raise typer.BadParameter(", ".join(writers), param_hint="--format")
    declaration = _declaration(what)
    made = writers[form]()
    data = made.encode() if isinstance(made, str) else made
    if to is not None:
        to.write_bytes(data)
        out.print(f"{to}: written", markup=False)
    else:
        typer.get_binary_stream("stdout").write(data)
    return 0


@app.command()
def keys(
    write: Annotated[
        Path | None, typer.Option("--write", help="Replace the tables in this document (docs/declaration.md).")
    ] = None,
) -> int:
    """Print every key of a declaration with its meaning, as Markdown tables."""
    from tillit.declaration.explain import placed, tables

    if write is None:
        out.print(tables(), markup=False, end="")
    else:
        write.write_text(placed(write.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _name(what: str) -> str:
    return Path(what).stem if Path(what).exists() else what


def _declaration(what: str) -> "Declaration":
    from tillit.declaration import queries
    from tillit.declaration.loader import load

    if Path(what).exists():
        return load(Path(what))[0]
    controller, number = _published(what)
    return queries.declared(controller_id=controller.pk, number=number)


def _published(what: str) -> "tuple[Controller, int]":
    ready()
    from tillit.declaration import queries
    from tillit.declaration.models import Controller
    from tillit.kernel import clock

    key, _, number = what.partition("@")
    controller = Controller.objects.filter(key=key).first()
    if controller is None:
        raise typer.BadParameter(f"'{what}' is neither a file nor a controller")
    if number and not number.isdecimal():
        raise typer.BadParameter(f"'{number}' is no version number")
    if number:
        return controller, int(number)
    return controller, queries.current_version(controller_id=controller.pk, on=clock.today()).number


def _document(what: str, lang: str, *, cookies: bool) -> "Document":
    from tillit.declaration.checks import siblings
    from tillit.declaration.loader import load
    from tillit.declaration.statement import build, published

    if Path(what).exists():
        declaration = load(Path(what))[0]
        names = {other.controller.key: other.controller.name for other in siblings(Path(what))}
        if cookies:
            return build.cookie_policy(declaration, lang, names=names)
        return build.statement(declaration, lang, names=names)
    controller, number = _published(what)
    if cookies:
        return published.cookie_policy(controller=controller, number=number, language=lang)
    return published.statement(controller=controller, number=number, language=lang)
