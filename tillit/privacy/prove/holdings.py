"""Nothing is held that is not declared: every row's category is one its controller declares (A2)."""

from collections.abc import Iterator

from tillit.declaration import registry
from tillit.declaration.held_to import BOUNDED
from tillit.declaration.schema import Declaration
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, declared, judged, once, texts, word


def _undeclared(context: Context, said: Said) -> Finding:
    declared = context.declaration.category_keys()
    mine = [h for h in context.shared.held if h.controller_id == context.id]
    faults = [
        f"{h.table}: {h.rows} rows of {h.category}, which is not declared" for h in mine if h.category not in declared
    ]
    known = {c.pk for c in context.shared.controllers} | {0}
    if context.controller == context.shared.controllers[0]:
        strays = [h for h in context.shared.held if h.controller_id not in known]
        faults += [f"{h.table}: {h.rows} rows of controller {h.controller_id}, which declares nothing" for h in strays]
    faults += _unbounded(context)
    return judged(faults, rows=sum(h.rows for h in mine), categories=len({h.category for h in mine}))


def _unbounded(context: Context) -> list[str]:
    """Rows of tables that are not personal and hold more than they may."""
    shared = context.shared.faults
    if "bounded" not in shared:
        with context.scope():
            shared["bounded"] = ([fault for look in BOUNDED.values() for fault in look()], {})
    return shared["bounded"][0]


def _promised(declaration: Declaration) -> Iterator[Said]:
    for use in declaration.categories:
        said = texts(
            declaration,
            "category",
            category=word("categories", use.key),
            fields=declared(use.fields),
        )
        yield Said(f"categories.{use.key}", said, use.key)


def _category(context: Context, said: Said) -> Finding:
    """Every row of the category has an activity that needs it and a rule that ends it."""
    category: str = said.item
    rows, tables = context.rows(category), registry.holding(category)
    declaration, faults = context.declaration, []
    if rows and not any(category in declaration.named(a) for a in declaration.activities if a.key != "proof"):
        faults.append(f"{rows} rows of {category} that no activity uses")
    governed = {plan.table.table for _, plan in context.plans if plan.category == category}
    if rows:
        faults += [f"{table.table}: no rule ends {category}" for table in tables if table.table not in governed]
    return judged(faults, rows=rows, tables=len(tables))


KIND = Kind("undeclared", once("undeclared", "categories"), _undeclared)
CATEGORY = Kind("category", _promised, _category)
