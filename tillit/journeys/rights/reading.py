"""Requests as they are read: on Min side by the person, in the queue and on the case by who handles them (H8, A9)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tillit.cases import operations, queries
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.cases.queries import Standing
from tillit.cases.rights import REQUEST
from tillit.consent.queries import Switch, switches
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.models import Notice
from tillit.journeys.rights import answers, fulfil, letters, recipients
from tillit.journeys.rights.acting import ACTIVITY, acting, handling, may_handle
from tillit.journeys.rights.handling import noted_reading
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.models import Fact, Relationship
from tillit.privacy import export

Form = Literal["pdf", "zip", "json"]
MEDIA = {"pdf": "application/pdf", "zip": "application/zip", "json": "application/json"}


@dataclass(frozen=True)
class Shown:
    """A request with how it stands, its steps and its copies."""

    case: Case
    standing: Standing
    entries: list[Entry]
    documents: list[Document]

    @property
    def answers(self) -> list[Entry]:
        """The entries that answer, the latest first."""
        return [one for one in reversed(self.entries) if one.details.get("said")]


@dataclass(frozen=True)
class Handled:
    """A request as who handles it sees it: with who asks, who must be told, and whether a restriction stands."""

    shown: Shown
    name: str
    address: str | None
    ties: list[Relationship]
    known: dict[str, str]
    notices: list[tuple[Notice, str]]
    restricted: bool


def own(*, actor: Actor, controller: Controller, subject_id: int) -> list[Shown]:
    """The person's requests to the controller, newest first, without their steps."""
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY):
        rows = queries.of_person(subject_id=subject_id, kind=REQUEST).filter(controller_id=controller.pk)
        return [Shown(row, _standing(row), [], []) for row in rows]


def own_case(*, actor: Actor, controller: Controller, subject_id: int, case_id: int) -> Shown:
    """One of them, with what is shown to the person. Raises `UnknownCaseError`."""
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY):
        case = _own(controller, subject_id, case_id)
        return Shown(case, _standing(case), queries.entries(case=case, shown_only=True), queries.documents(case=case))


def consents(*, actor: Actor, controller: Controller, subject_id: int) -> list[Switch]:
    """The consents that stand, which a withdrawal may name."""
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY):
        standing = switches(subject_id=subject_id, controller_id=controller.pk)
    return [one for one in standing if one.kind == "consent" and one.on]


def fetch(
    *, actor: Actor, controller: Controller, subject_id: int, case_id: int, form: Form, language: str
) -> bytes | None:
    """The answer as PDF, or the copy as ZIP or JSON, on record; None when there is no such file (any more)."""
    with Scope(acting(actor=actor, subject_id=subject_id), ACTIVITY) as scope:
        case = _own(controller, subject_id, case_id)
        return _file(scope, case, form, language)


def fetch_for(*, actor: Actor, controller: Controller, case_id: int, form: Form, language: str) -> bytes | None:
    """The same for staff who hand it over: only when the identity is verified."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        if case.verified_at is None and form != "pdf":
            return None
        return _file(scope, case, form, language)


def _file(scope: Scope, case: Case, form: Form, language: str) -> bytes | None:
    if form == "pdf":
        entries = queries.entries(case=case)
        if not any(one.details.get("said") for one in entries):
            return None
        return answers.as_pdf(case=case, entries=entries, language=language, made=clock.now())
    found = queries.documents(case=case)
    if not found:
        return None
    body = operations.open_document(scope=scope, document=queries.document(case=case, document_id=found[0].id))
    operations.take(scope=scope, case=case, step="fetched", at=clock.now(), details={"form": form})
    if form == "json":
        return body
    return export.as_zip(json.loads(body), readable=case.fields["right"] == "access")


def queue(
    *,
    actor: Actor,
    controller: Controller,
    show: str,
    right: str = "",
    mine: bool = False,
    page: int = 1,
    size: int = 50,
) -> tuple[list[Shown], bool]:
    """One page of the queue, the most urgent first, and whether more follow. Names nobody. Raises `ScopeError`."""
    if not may_handle(actor, controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not handle requests about rights")
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        handler = int(actor.ref) if mine and actor.kind == "staff" else None
        rows = queries.queue(controller_ids={controller.pk}, kind=REQUEST, show=show, handler=handler)
        if right:
            rows = rows.filter(fields__right=right)
        found = list(rows[(page - 1) * size : page * size + 1])
    return [Shown(row, _standing(row), [], []) for row in found[:size]], len(found) > size


def counts(*, actor: Actor, controller: Controller) -> dict[str, int]:
    """How many requests there are in each part of the queue."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        parts = [part for part in queries.SHOWN if part not in ("closed", "all")]
        return {part: queries.queue(controller_ids={controller.pk}, kind=REQUEST, show=part).count() for part in parts}


def case_for(*, actor: Actor, controller: Controller, case_id: int) -> Handled:
    """One request with who asks; reading it is on record. Raises `ScopeError`, `UnknownCaseError`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        facts = Fact.objects.filter(subject_id=case.subject_id, superseded_at__isnull=True)
        known = dict(facts.order_by("controller_id").values_list("kind", "value"))
        noted_reading(scope=scope, case=case)
        return Handled(
            shown=Shown(case, _standing(case), queries.entries(case=case), queries.documents(case=case)),
            name=" ".join(known[kind] for kind in ("name.given", "name.middle", "name.family") if kind in known),
            address=letters.address_of(case.subject_id),
            ties=list(Relationship.objects.filter(subject_id=case.subject_id).order_by("started")),
            known=known,
            notices=recipients.of_case(case),
            restricted=fulfil.standing_restriction(case) is not None,
        )


def _own(controller: Controller, subject_id: int, case_id: int) -> Case:
    case = queries.case(case_id=case_id, subject_id=subject_id)
    if case.kind != REQUEST or case.controller_id != controller.pk:
        raise UnknownCaseError("no-case", "there is no such case")
    return case


def _standing(case: Case) -> Standing:
    zone = current(controller_id=case.controller_id, on=clock.today()).controller.time_zone
    return queries.standing(case, zone=zone)


def told(entries: Sequence[Entry], language: str) -> list[tuple[Entry, list[str], str]]:
    """Each entry that answers with its lines and where to complain."""
    return [(one, *answers.spoken(one, language)) for one in entries]
