"""A proof to read: each controller's promises, the broken ones first, with what was found."""

from collections import Counter
from collections.abc import Iterable

from tillit.declaration.models import Controller
from tillit.declaration.statement.document import Block, Document, Paragraph, Section, Table
from tillit.kernel import clock
from tillit.privacy.prove.kinds import Status
from tillit.privacy.prove.run import Proof
from tillit.privacy.prove.texts import say

STATES: tuple[Status, ...] = ("broken", "not_provable", "kept")


def document(proofs: Iterable[Proof], language: str) -> Document:
    """Every promise with its state and evidence, a section a controller."""
    found: dict[int, list[Proof]] = {}
    for proof in proofs:
        found.setdefault(proof.promise.controller_id, []).append(proof)
    names = dict(Controller.objects.values_list("id", "name"))
    return Document(
        title=say(language, "report_title"),
        language=language,
        publisher=", ".join(names[controller] for controller in found),
        contents=say(language, "contents"),
        page=say(language, "page"),
        lead=(),
        sections=tuple(
            Section(f"controller-{controller}", names[controller], tuple(_blocks(mine, language)))
            for controller, mine in found.items()
        ),
    )


def _blocks(proofs: list[Proof], language: str) -> Iterable[Block]:
    counts = Counter(proof.finding.status for proof in proofs)
    sums: dict[str, str] = {state: str(counts[state]) for state in STATES}
    yield Paragraph(say(language, "report_lead", moment=f"{clock.now():%Y-%m-%d %H:%M} UTC", **sums))
    head = tuple(say(language, key) for key in ("promise", "where", "found"))
    for state in STATES:
        mine = [proof for proof in proofs if proof.finding.status == state]
        if mine:
            yield Table(say(language, f"state_{state}"), head, tuple(_row(proof, language) for proof in mine))


def _row(proof: Proof, language: str) -> tuple[tuple[str, ...], ...]:
    promise, finding = proof.promise, proof.finding
    said = promise.text.get(language) or next(iter(promise.text.values()), promise.path)
    evidence = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in finding.evidence.items())
    found = [*finding.faults, *([finding.why] if finding.why and not finding.faults else []), evidence]
    return (said,), (promise.path,), tuple(line for line in found if line)
