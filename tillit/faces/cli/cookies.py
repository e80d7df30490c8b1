"""``tillit cookies``: what a site stores in browsers, held against the declared register (G1, G2)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Hold what a site stores in browsers against the declared register.")
out = console()


@app.callback()
def cookies() -> None:
    """Hold what a site stores in browsers against the declared register."""


@app.command()
def scan(
    address: Annotated[str, typer.Argument(metavar="URL", help="Where the site begins, such as https://example.com/.")],
    controller: Annotated[str, typer.Option(help="Whose register: the controller's key.", show_default=False)],
    pages: Annotated[int, typer.Option(help="Pages in each state, at most.", min=1, max=1000)] = 25,
    seconds: Annotated[int, typer.Option(help="Seconds in all, at most; the page at hand is finished.", min=1)] = 120,
    form: Annotated[str, typer.Option("--format", help="text, json or html.")] = "text",
    lang: Annotated[str, typer.Option("--lang", help="Language of the report.")] = "en",
    to: Annotated[Path | None, typer.Option("--out", help="The file to write; standard output when left out.")] = None,
    reject: Annotated[str, typer.Option(help="CSS selector of another banner's no.")] = "",
    accept: Annotated[str, typer.Option(help="CSS selector of another banner's yes to all.")] = "",
) -> int:
    """Visit a site's own pages in real Chromium before a choice, after a no and after a yes: list every cookie, item in
    local and session storage, database, cache and service worker, and every request to another host.

    Exit code 1 when something is undeclared, there without a yes, or lives too long, or when nobody is asked.
    """
    ready()
    from urllib.parse import urlsplit

    from django.conf import settings

    from tillit.consent.cookies import optional_purposes
    from tillit.declaration import queries
    from tillit.declaration.statement.html import render_page
    from tillit.declaration.statement.text import render_text
    from tillit.faces.cookie_scan import crawl, report
    from tillit.faces.texts import languages
    from tillit.kernel import clock

    if form not in {"text", "json", "html"}:
        raise typer.BadParameter(f"'{form}' is no form: text, json or html", param_hint="--format")
    if lang not in languages():
        raise typer.BadParameter(", ".join(languages()), param_hint="--lang")
    found = controller_of(controller)
    now = clock.now()
    version = queries.current_version(controller_id=found.pk, on=clock.today())
    declaration = queries.current(controller_id=found.pk, on=clock.today())
    made = report.compare(
        address=address,
        declaration=declaration,
        version=version.number,
        seen=crawl.scan(
            address,
            asks=bool(optional_purposes(declaration)),
            bounds=crawl.Bounds(pages, seconds),
            buttons=(reject or crawl.REJECT, accept or crawl.ACCEPT),
        ),
        ours=[urlsplit(settings.SITE_URL).hostname or ""],
        at=now,
    )
    if form == "json":
        text = json.dumps(made.plain(), ensure_ascii=False, indent=1) + "\n"
    else:
        document = report.document(made, lang)
        text = render_page(document) if form == "html" else render_text(document)
    if to is not None:
        to.write_text(text, encoding="utf-8")
        out.print(f"{to}: {len(made.faults)} not as declared", markup=False)
    else:
        typer.echo(text, nl=False)
    return 0 if made.plain()["kept"] else 1
