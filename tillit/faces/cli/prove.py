"""``tillit prove``: every promise of every declaration, held against the running system."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tillit.faces.cli.ready import ready

app = typer.Typer(help="Hold every promise against the running system.")
out = Console(highlight=False, soft_wrap=True)
STATES = {"kept": "kept", "broken": "BROKEN", "not_provable": "not provable"}


@app.command()
def prove(
    controller: Annotated[list[str] | None, typer.Option("--controller", help="Only this controller's key.")] = None,
    language: Annotated[str, typer.Option("--language", help="nb or en.")] = "en",
    every: Annotated[bool, typer.Option("--all", help="List every promise, not only those that are not kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with every promise and its evidence.")
    ] = None,
) -> None:
    """Say of each promise whether it is kept, broken or not provable, and why. Exit code 1 if anything is broken."""
    ready()
    from tillit.declaration.models import Controller
    from tillit.privacy.prove.run import prove as run

    known = set(Controller.objects.values_list("key", flat=True))
    for key in controller or ():
        if key not in known:
            raise typer.BadParameter(f"no controller {key!r}", param_hint="--controller")
    progress = Console(stderr=True)
    with progress.status("proving") if progress.is_terminal else _Quiet() as status:
        proofs = run(controllers=controller or None, progress=lambda key: status.update(f"proving {key}"))
    if html is not None:
        from tillit.declaration.statement.html import render_page
        from tillit.privacy.prove.report import document

        html.write_text(render_page(document(proofs, language)), "utf-8")
    if controller is None:
        from tillit.privacy.prove.store import keep

        keep(proofs)
    broken = sum(proof.finding.status == "broken" for proof in proofs)
    if as_json:
        print(json.dumps({"broken": broken, "promises": [_facts(proof) for proof in proofs]}, ensure_ascii=False))
    else:
        _say(proofs, language, every=every)
    if broken:
        raise typer.Exit(1)


class _Quiet:
    """Where there is no terminal, nothing moves."""

    def __enter__(self) -> "_Quiet":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _: str) -> None:
        return None


def _say(proofs: list[Any], language: str, *, every: bool) -> None:
    """A table on a terminal, a line a promise elsewhere; the sums last."""
    shown = [proof for proof in proofs if every or proof.finding.status != "kept"]
    table = Table("controller", "where", "state", "what was found", "evidence", box=None)
    for proof in sorted(shown, key=lambda p: (p.promise.controller, p.finding.status != "broken")):
        promise, finding = proof.promise, proof.finding
        said = promise.text.get(language) or next(iter(promise.text.values()), "")
        found = "; ".join(finding.faults) or finding.why or said
        evidence = ", ".join(f"{name} {value}" for name, value in finding.evidence.items())
        cells = (promise.controller, promise.path, STATES[finding.status], found, evidence)
        if out.is_terminal:
            table.add_row(*cells)
        else:
            out.print(" | ".join(cells), markup=False)
    if table.rows:
        out.print(table)
    out.print(sums(proofs))


def sums(proofs: list[Any]) -> Table:
    """How many promises of each controller are kept, broken and not provable."""
    summary = Table("controller", "kept", "broken", "not provable", box=None)
    for key in dict.fromkeys(proof.promise.controller for proof in proofs):
        counts = Counter(p.finding.status for p in proofs if p.promise.controller == key)
        summary.add_row(key, *(str(counts[state]) for state in STATES))
    return summary


def _facts(proof: Any) -> dict[str, Any]:
    promise, finding = proof.promise, proof.finding
    return {
        "controller": promise.controller,
        "path": promise.path,
        "kind": promise.kind,
        "text": dict(promise.text),
        "state": finding.status,
        "why": finding.why,
        "evidence": dict(finding.evidence),
        "faults": list(finding.faults),
        "faulty": finding.faulty,
    }
