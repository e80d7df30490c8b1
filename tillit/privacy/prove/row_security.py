"""PostgreSQL holds exactly the policies that registry and declarations compile to (A1, A9, H4).

The compiled text is compared as PostgreSQL understands it (see `snapshot`). Then whether it isolates is tried live:
other controllers' rows, asked for by key.
"""

from collections.abc import Iterator

from tillit.declaration import registry
from tillit.declaration.models import Grant
from tillit.privacy.prove import catalog, snapshot
from tillit.privacy.prove.context import Context, Key, seen
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once


def faults() -> Iterator[str]:
    """Every way in which row security differs from what is compiled."""
    secured = {table: (on, owner) for table, on, owner in catalog.rows("secured")}
    for table in registry.PERSONAL:
        switched_on, owner = secured.get(table, (False, ""))
        if not switched_on:
            yield f"{table}: row security is switched off"
        if owner != "tillit_owner":
            yield f"{table}: owned by {owner}"
    present, expected = snapshot.present().of("policy"), snapshot.expected().of("policy")
    for key in sorted({*present, *expected}):
        _, table, name = key
        if key not in present:
            yield f"{table}: the policy {name} is missing"
        elif key not in expected:
            yield f"{table}: the policy {name} was not compiled"
        elif present[key] != expected[key]:
            yield f"{table}: the policy {name} is another one"


def _check(context: Context, said: Said) -> Finding:
    shared = context.shared.faults
    if "row_security" not in shared:
        with context.scope():
            shared["row_security"] = (list(faults()), {"tables": len(registry.PERSONAL)})
    found, evidence = shared["row_security"]
    strangers, leaked = 0, []
    with context.scope():
        for table, keys in _strangers(context):
            strangers += len(keys)
            if reached := seen(registry.PERSONAL[table], keys):
                leaked.append(f"{table}: {reached} rows of other controllers are seen")
    return judged([*found, *leaked], **evidence, others_rows_tried=strangers)


def _strangers(context: Context) -> Iterator[tuple[str, list[Key]]]:
    """Keys of rows that other controllers hold, by table."""
    for other in context.shared.contexts:
        if other.id != context.id:
            for (table, _), keys in other.samples.items():
                yield table, keys


def _grants(context: Context, said: Said) -> Finding:
    expected = {
        (grant.activity, grant.category, grant.row_controller_id, grant.rights)
        for grant in context.shared.grants
        if grant.controller_id == context.id
    }
    granted = Grant.objects.filter(controller_id=context.id)
    present = set(granted.values_list("activity", "category", "row_controller_id", "rights"))
    missing = [f"{activity}: category {number} is missing" for activity, number, *_ in sorted(expected - present)]
    extra = [
        f"{activity}: category {number} of controller {row} was not declared"
        for activity, number, row, _ in sorted(present - expected)
    ]
    return judged([*extra, *missing], grants=len(present))


KIND = Kind("row_security", once("row_security", "controller.arrangement"), _check)
GRANTS = Kind("grants", once("grants", "activities"), _grants)
