"""What the OpenAPI description says beside what follows from the functions: refusals and shared headers."""

from typing import Any

from tillit.faces.api.problems import MEDIA_TYPE, PARTNER, PROBLEMS, SUBSCRIBER, SUPPLIER, SYSTEM, TILL, Problem

SCHEMAS = {"Problem": Problem.model_json_schema(ref_template="#/components/schemas/{model}")}
SCHEMAS |= SCHEMAS["Problem"].pop("$defs")

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "1 to 200 visible ASCII characters, another for each call. A repeat is given the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
REPEATABLE = IDEMPOTENCY_KEY | {
    "required": False,
    "description": "As elsewhere; the same call again does nothing more without one, too.",
}
"""Of a write that changes nothing the second time, or that names what it writes."""


def refusals(
    *statuses: int,
    till: bool = False,
    supplier: bool = False,
    partner: bool = False,
    system: bool = False,
    subscriber: bool = False,
) -> dict[int, Any]:
    """The problem documents of the statuses, with the codes of each."""
    found = {}
    sets = ((till, TILL), (supplier, SUPPLIER), (partner, PARTNER), (system, SYSTEM), (subscriber, SUBSCRIBER))
    others = {code for chosen, codes in sets if not chosen for code in codes}
    for status in statuses:
        codes = [code for code, (known, _) in PROBLEMS.items() if known == status and code not in others]
        found[status] = {
            "description": "; ".join(f"`{code}`: {PROBLEMS[code][1]}" for code in codes),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return found
