"""A segment as a form without scripts: rows of a fact, is or is not, and a value; all of them or any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tillit.declaration.models import Controller
from tillit.declaration.registry import SEGMENT_FACTS
from tillit.faces.templatetags.tillit import language, localised
from tillit.faces.texts import say
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.segments import offered

ROWS = 6


@dataclass(frozen=True)
class Row:
    """One condition. choice: `fact` or `fact=value`; value: typed where the fact takes one."""

    number: int
    choice: str = ""
    value: str = ""
    negated: bool = False


@dataclass(frozen=True)
class Form:
    """What the page shows. written: a segment that rows cannot show, as it is."""

    mode: str
    rows: list[Row]
    choices: list[tuple[str, str]]
    refused: list[str]
    written: Any = None


def read(said: Mapping[str, str]) -> dict[str, Any]:
    """The segment that was typed. Raises `CampaignError` (`value`)."""
    found: list[dict[str, Any]] = []
    for number in range(ROWS):
        key, given, value = said.get(f"c{number}", "").partition("=")
        if not key:
            continue
        fact = SEGMENT_FACTS.get(key)
        if fact is None:
            raise CampaignError("fact-unknown", "there is no such fact")
        typed: Any = value if given else said.get(f"v{number}", "").strip()
        if fact.kind == "number":
            if not typed.isdigit() or len(typed) > 5:
                raise CampaignError("value", "a whole number from 0")
            typed = int(typed)
        leaf: dict[str, Any] = {"fact": key, "value": typed}
        found.append({"not": leaf} if said.get(f"n{number}") == "1" else leaf)
    if not found:
        return {}
    return {"any" if said.get("mode") == "any" else "all": found}


def shown(*, controller: Controller, activity: str, segment: Any, typed: Mapping[str, str] | None = None) -> Form:
    """The form with a segment of the activity's, or with what was typed."""
    known = offered(controller=controller, activity=activity)
    choices, refused = [], []
    for key, (fact, may) in known.items():
        name = say(language(), f"segment_facts.{key}")
        if not may:
            refused.append(name)
        elif fact.options is None:
            choices.append((key, name))
        else:
            values = fact.options(controller.pk)
            choices += [(f"{key}={value}", f"{name}: {localised(dict(words))}") for value, words in values.items()]
    if typed is not None:
        rows = [Row(n, typed.get(f"c{n}", ""), typed.get(f"v{n}", ""), typed.get(f"n{n}") == "1") for n in range(ROWS)]
        return Form(typed.get("mode", "all"), rows, choices, refused)
    mode, leaves = _flat(segment)
    if leaves is None:
        return Form("all", [], choices, refused, segment)
    rows = [_row(n, leaf) for n, leaf in enumerate(leaves)]
    return Form(mode, rows + [Row(n) for n in range(len(rows), ROWS)], choices, refused)


def _flat(segment: Any) -> tuple[str, list[Any] | None]:
    match segment:
        case {} if not segment:
            return "all", []
        case {"all": [*inner]} | {"any": [*inner]} if len(inner) <= ROWS and all(_leaf(one) for one in inner):
            return next(iter(segment)), inner
        case _ if _leaf(segment):
            return "all", [segment]
    return "all", None


def _leaf(node: Any) -> bool:
    return "fact" in node or ("not" in node and "fact" in node["not"])


def _row(number: int, node: dict[str, Any]) -> Row:
    negated = "not" in node
    leaf = node["not"] if negated else node
    fact = SEGMENT_FACTS.get(leaf["fact"])
    if fact is not None and fact.kind == "choice":
        return Row(number, f"{leaf['fact']}={leaf['value']}", "", negated)
    return Row(number, leaf["fact"], str(leaf["value"]), negated)
