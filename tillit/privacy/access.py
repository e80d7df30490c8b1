"""Access (H1, GDPR 15): everything held about one person, why, from where, to whom, until when, and who has looked.

Generic over the registry: every row of every personal table and of those reached through the person's login, sealed
values opened with the person's own key, the columns that are left out named with the reason. The result is plain data;
`export` makes files of it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from tillit.audit import events
from tillit.audit.operations import append
from tillit.audit.queries import about
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import all_current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.errors import SealedValueLostError
from tillit.parties.merging import same_person
from tillit.parties.sealing import open_sealed
from tillit.privacy import presence
from tillit.privacy.outlook import Cell, outlook

FORMAT = "tillit-access-1"
_KEYS = {"subject_id", "controller_id", "state", "category", "id"}
_READERS = 2000


def collect(*, actor: Actor, subject_id: int, language: str, case: int | None = None) -> dict[str, Any]:
    """Everything held about the person in their register, as data (schema: `docs/formats/access.schema.json`).

    `actor` may perform `rights_requests` there. The export itself is an audit event, which the next one shows.
    `case`: the request it answers.
    """
    with Scope(actor, "rights_requests", subjects=frozenset({subject_id})) as scope:
        people = same_person(subject_id)
        cells = [(one, cell) for one in people for cell in outlook(subject_id=one)]
        said = all_current(on=clock.today())
        answerable = holder_of(controller_id=min(scope.controllers))
        declared = {c: said[c][1] for c in sorted({cell.controller_id for _, cell in cells} or {answerable})}
        names = dict(Controller.objects.values_list("id", "name"))
        found = {
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "language": language,
            "controllers": [_controller(d, language) for d in declared.values()],
            "data": [
                *(_cell(cell, declared[cell.controller_id], names, one, language) for one, cell in cells),
                *_owned(answerable, said[answerable][1], people, names, language),
            ],
            "readers": _readers(scope, people, names),
            "left_out": [*_left_out([cell for _, cell in cells]), *_closed(scope, declared.values())],
        }
        append(
            type=events.PERSON_EXPORTED,
            scope=scope,
            controller=min(scope.controllers),
            subject=subject_id,
            details={"formats": ["access"], "rows": sum(cell.rows for _, cell in cells)}
            | ({"case": case} if case is not None else {}),
        )
    return found


def _controller(declaration: Declaration, language: str) -> dict[str, Any]:
    words, said = Words(declaration, language), declaration.controller
    return {
        "name": said.name,
        "organisation_number": said.organisation_number,
        "email": said.email,
        "phone": said.phone,
        "privacy_adviser": words.of(said.privacy_adviser.title),
        "complaint": words.of(declaration.rights.complaint_first),
        "authority": f"{declaration.rights.authority}, {declaration.rights.authority_address}",
        "security": [words.of(m.text) for m in declaration.security if m.disclosed],
        "withheld": words.of(declaration.rights.withheld_in_access),
    }


def _about(declaration: Declaration, category: str, language: str) -> dict[str, Any]:
    """What the declaration says of a category: why, from where, to whom, how long."""
    words = Words(declaration, language)
    uses = [a for a in declaration.activities if category in declaration.named(a)]
    recipients = [r for r in declaration.recipients if category in r.categories]
    sources = sorted({source for a in uses if category in a.records for source in a.sources})
    return {
        "category": category,
        "name": words.word("categories", category),
        "why": [
            {
                "activity": words.word("activities", activity.key),
                "purpose": words.of(activity.purpose),
                "grounds": [words.ground(basis.ground) for basis in activity.basis],
            }
            for activity in uses
        ],
        "sources": [words.word("sources", source) for source in sources],
        "recipients": [{"name": r.name, "when": words.of(r.when)} for r in recipients],
    }


def _owned(
    controller: int, declaration: Declaration, people: Sequence[int], names: dict[int, str], language: str
) -> list[dict[str, Any]]:
    """The tables that are the person's through their login: accounts, sessions, devices, codes asked for."""
    words, parts = Words(declaration, language), []
    told = [owned for owned in registry.OWNED.values() if not (owned.writer or owned.follows)]
    for owned in presence.owned(list(people), told):
        columns = [str(f.column) for f in owned.model._meta.concrete_fields if f.column not in owned.not_exported]
        columns = [column for column in columns if column not in _KEYS | {"login_id", "register_id"}]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(columns)} FROM {owned.table} WHERE {owned.where}", {"subjects": list(people)}
            )
            rows = [dict(zip(columns, map(_plain, row), strict=True)) for row in cursor.fetchall()]
        rules = [rule for rule in declaration.retention if rule.category == owned.category]
        if rows:
            parts.append(
                _about(declaration, owned.category, language)
                | {
                    "controller": names[controller],
                    "table": owned.table,
                    "archived": False,
                    "on_hold": False,
                    "kept": [words.retention(rule) for rule in rules],
                    "until": None,
                    "rows": rows,
                }
            )
    return parts


def _cell(
    cell: Cell, declaration: Declaration, names: dict[int, str], subject_id: int, language: str
) -> dict[str, Any]:
    words = Words(declaration, language)
    return _about(declaration, cell.category, language) | {
        "controller": names[cell.controller_id],
        "table": cell.table,
        "archived": cell.archived,
        "on_hold": cell.held,
        "kept": [words.retention(rule) for rule in cell.rules],
        "until": cell.last.isoformat() if cell.last else None,
        "rows": _rows(cell, subject_id),
    }


def _rows(cell: Cell, subject_id: int) -> list[dict[str, Any]]:
    table = registry.PERSONAL[cell.table]
    skipped = _KEYS | {column for column in table.not_exported if column not in table.sealed}
    columns = [str(f.column) for f in table.model._meta.concrete_fields if f.column not in skipped]
    match = f" AND {table.category_column} = %(category)s" if table.category_column else ""
    if table.withheld:
        match += f" AND NOT ({table.withheld[0]})"
    order = "recorded_at, id" if "recorded_at" in columns else "id"
    named = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {named} FROM {table.table} t WHERE subject_id = %(subject)s"
            f" AND controller_id = %(controller)s{match} ORDER BY {order}",
            {"subject": subject_id, "controller": cell.controller_id, "category": category_id(cell.category)},
        )
        rows = cursor.fetchall()
    return [
        {column: _value(table, column, value, cell, subject_id) for column, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def _value(table: registry.PersonalTable, column: str, value: Any, cell: Cell, subject_id: int) -> Any:
    if column in table.sealed and value is not None:
        try:
            return open_sealed(
                subject_id=subject_id, controller_id=cell.controller_id, table=table.table, column=column, sealed=value
            )
        except SealedValueLostError:
            return None
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value


def _readers(scope: Scope, people: Sequence[int], names: dict[int, str]) -> list[dict[str, Any]]:
    """Who has looked, newest first, at most 2000 (A9): the role or part of the system, never a colleague's name."""
    shown = about(scope=scope, subject_id=people[0], others=people)[:_READERS]
    return [
        {
            "at": event.at.isoformat() if event.at else "",
            "who": f"{event.actor_kind}:{event.actor_ref}",
            "activity": event.activity,
            "what": event.type,
            "controller": names.get(event.controller_id, ""),
        }
        for event in shown
    ]


def _closed(scope: Scope, declared: Iterable[Declaration]) -> list[dict[str, str]]:
    """What staff may not see even to answer (D3): the person has it on Min side, or from who may."""
    if scope.actor.kind != "staff":
        return []
    words = vocabulary().categories
    held = {key for one in declared for key in one.category_keys()}
    because = "open to named staff only: it is shown on the person's own pages, or handed over by who handles it"
    return [
        {"table": key, "column": "*", "because": because}
        for key in sorted(held)
        if words[key].staff_under and scope.activity not in words[key].staff_under
    ]


def _left_out(cells: list[Cell]) -> list[dict[str, str]]:
    """Every column that is not in the answer, with the reason; `*` for a whole table."""
    tables = {cell.table: registry.PERSONAL[cell.table] for cell in cells}
    left = [
        {"table": name, "column": column, "because": why}
        for name, table in tables.items()
        for column, why in table.not_exported.items()
        if column not in table.sealed
    ]
    left += [{"table": name, "column": "*", "because": t.withheld[1]} for name, t in tables.items() if t.withheld]
    for name, owned in registry.OWNED.items():
        if owned.writer or owned.follows:
            left.append({"table": name, "column": "*", "because": owned.because})
        else:
            left += [{"table": name, "column": column, "because": why} for column, why in owned.not_exported.items()]
    return left
