"""The loyalty-services declaration, and how tests ask it."""

from functools import cache
from pathlib import Path

from tillit.declaration.loader import load
from tillit.declaration.schema import Activity, Declaration

FILE = Path(__file__).parents[2] / "examples" / "loyalty_services" / "trygghavn.yaml"


@cache
def declaration() -> Declaration:
    return load(FILE)[0]


def activity(key: str) -> Activity:
    found = declaration().activity(key)
    assert found is not None, key
    return found


def named(items, key: str):
    return next(item for item in items if item.key == key)


def grounds(key: str) -> set[str]:
    return {basis.ground for basis in activity(key).basis}


def rules(category: str) -> set[tuple[str, str, str, str | None]]:
    return {
        (rule.clock, rule.period, rule.rule, rule.on_behalf_of)
        for rule in declaration().retention
        if rule.category == category
    }
