"""Open cases go along when people are handed over, with their clocks (A10): whoever answers for the person answers.

A case is moved whole: what was stated, every step, and its files, sealed anew. Nobody has it in hand yet at the
receiver. Closed cases are the giver's own record and go by its rules; so does a case on which rows of another domain
hang (an order to block a card), and one about the bonus of a chain that the plan leaves with the giver: the giver
finishes it. A digest that was stated stays behind: no other register may have it.
"""

from collections.abc import Mapping
from typing import Any

from django.db import models

from tillit.cases.kinds import KINDS
from tillit.cases.models import Case, Document, Entry
from tillit.declaration import registry
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.registry.going import Counts, Going
from tillit.declaration.vocabulary import category_id
from tillit.parties import sealing

_OWN = (Entry, Document)


def carry(going: Going) -> Counts:
    """Move the person's open cases of what goes. In the caller's scope; rows that left and arrived."""
    numbers = [
        category_id(key) for key in sorted(going.categories & set(registry.PERSONAL[Case._meta.db_table].categories))
    ]
    found = Case.objects.filter(
        subject_id__in=going.subjects, controller_id=going.giver, category__in=numbers, closed_at__isnull=True
    )
    counts: Counts = {}
    for case in found.order_by("received_at"):
        fields = _stated(case, going.chains)
        if fields is None or _hangs_on(case):
            continue
        made = _again(going, case, handler=None, fields=fields)
        for model in _OWN:
            for row in model.objects.filter(subject_id=case.subject_id, case_id=case.id).order_by("id"):
                _again(going, row, case_id=made.id)
                _count(counts, model)
        _count(counts, Case)
        for model in _OWN:
            model.objects.filter(subject_id=case.subject_id, case_id=case.id).delete()
        Case.objects.filter(subject_id=case.subject_id, id=case.id).delete()
    return counts


def _count(counts: Counts, model: type[models.Model]) -> None:
    before = counts.get(model._meta.db_table, (0, 0))
    counts[model._meta.db_table] = (before[0] + 1, before[1] + 1)


def _stated(case: Case, chains: Mapping[str, str]) -> dict[str, Any] | None:
    """What was stated, as the receiver reads it; None where the case is the giver's alone to settle."""
    said = dict(case.fields)
    for name, field in KINDS[case.kind].fields.items():
        if field.means == "digest":
            said.pop(name, None)
        elif field.means == "chain" and said.get(name):
            if not chains.get(said[name]):
                return None
            said[name] = chains[said[name]]
    return said


def _hangs_on(case: Case) -> bool:
    """Whether rows of another domain point at the case."""
    for table in registry.PERSONAL.values():
        for one in table.model._meta.private_fields:
            if isinstance(one, SubjectForeignKey) and one.remote_field.model is Case and table.model not in _OWN:
                column = next(name for name in one.from_fields if name != "subject_id")
                if table.model._default_manager.filter(subject_id=case.subject_id, **{column: case.id}).exists():
                    return True
    return False


def _again(going: Going, row: Any, **other: Any) -> Any:
    columns = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in {"subject_id", "id", "controller_id", "state"}
    }
    if isinstance(row, Document):
        place = {"table": Document._meta.db_table, "column": "sealed"}
        clear = sealing.open_sealed(
            subject_id=row.subject_id, controller_id=row.controller_id, sealed=bytes(row.sealed), **place
        )
        columns["sealed"] = sealing.seal(subject_id=going.new, controller_id=going.receiver, value=clear, **place)
    return type(row).objects.create(subject_id=going.new, controller_id=going.receiver, **{**columns, **other})
