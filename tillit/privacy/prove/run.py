"""Runs every check of every declaration and puts the sum on record."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tillit.audit import events
from tillit.audit.operations import append
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.privacy.prove import (
    archive,
    backup,
    breach,
    changes,
    consent,
    disclosure,
    domains,
    forms,
    handover,
    holdings,
    later,
    measures,
    messages,
    people,
    privileges,
    published,
    purpose,
    reading,
    records,
    releases,
    retention,
    rights,
    row_security,
    sealing,
    server,
    structure,
)
from tillit.privacy.prove.context import Context, Shared
from tillit.privacy.prove.kinds import Finding, Kind

KINDS: tuple[Kind, ...] = (
    row_security.KIND,
    row_security.GRANTS,
    privileges.KIND,
    structure.KIND,
    server.KIND,
    holdings.KIND,
    holdings.CATEGORY,
    purpose.KIND,
    retention.KIND,
    retention.RUNS,
    retention.TRANSIENT,
    archive.KIND,
    archive.HOLD,
    consent.KIND,
    consent.RESTRICTION,
    sealing.KIND,
    sealing.DIGESTS,
    records.AUDIT,
    records.LEDGER,
    published.STATEMENT,
    published.TERMS,
    published.COOKIES,
    people.STAFF,
    people.FACTORS,
    people.AGES,
    people.MERGES,
    handover.KIND,
    rights.KIND,
    breach.KIND,
    reading.KIND,
    disclosure.LOG,
    disclosure.RECIPIENTS,
    disclosure.PROCESSORS,
    disclosure.TRANSFERS,
    messages.MESSAGES,
    messages.CADENCE,
    rights.OBJECTIONS,
    releases.KIND,
    backup.MADE,
    backup.KEPT,
    backup.JOURNAL,
    changes.KIND,
    changes.ACCEPTANCE,
    forms.KIND,
    domains.KIND,
    measures.KIND,
    measures.FIRST,
    measures.BACKUPS,
    later.KIND,
)


@dataclass(frozen=True)
class Promise:
    """One promise: whose, where it stands in the declaration, what it says in each language, and how it is checked."""

    controller_id: int
    controller: str
    path: str
    kind: str
    text: Mapping[str, str]


@dataclass(frozen=True)
class Proof:
    """A promise with what was found."""

    promise: Promise
    finding: Finding


def prove(
    *,
    controllers: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    on: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Proof]:
    """Every promise of the published declarations (or of the controllers and kinds named) with its finding.

    Puts one `proof.run` event a controller on record, except where `kinds` makes it a part only.
    """
    wanted = None if controllers is None else set(controllers)
    chosen = [kind for kind in KINDS if kinds is None or kind.key in set(kinds)]
    proofs: list[Proof] = []
    for context in _contexts(on or clock.today()):
        if wanted is None or context.controller.key in wanted:
            progress(context.controller.key)
            found = list(_prove(context, chosen))
            if kinds is None:
                _record(context, found)
            proofs += found
    return proofs


def _contexts(on: date) -> list[Context]:
    shared = Shared(on)
    for controller in shared.controllers:
        declaration = current(controller_id=controller.pk, on=on)
        shared.contexts.append(Context(controller, declaration, holder_of(controller_id=controller.pk), shared))
    return shared.contexts


def _prove(context: Context, kinds: list[Kind]) -> Iterator[Proof]:
    for kind in kinds:
        for said, finding in zip(kind.promised(context.declaration), context.found(kind), strict=True):
            promise = Promise(context.id, context.controller.key, said.path, kind.key, said.text)
            yield Proof(promise, finding)


def _record(context: Context, proofs: list[Proof]) -> None:
    counts = Counter(proof.finding.status for proof in proofs)
    with context.scope() as scope:
        append(
            type=events.PROOF_RUN,
            scope=scope,
            details={
                "kept": counts["kept"],
                "broken": counts["broken"],
                "unprovable": counts["not_provable"],
            },
        )
