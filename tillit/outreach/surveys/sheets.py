"""A sheet of answers: what a form says, read against the questions; and the figures of many sheets. Pure.

A sheet: question's id (as text) → an option's number, a list of them, a number, or a text. What was not answered is not
in it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tillit.disclosure.grouping import TOGETHER, Cell, grouped
from tillit.outreach.surveys.errors import AnswerError
from tillit.outreach.surveys.models import Kind, Question

LONGEST = 2000
"""Of a text, in units of UTF-16: what a browser counts by `maxlength`, a line break as one."""
_DIGITS = 12
MEAN = "mean"
_GROUPS = 5
Sheet = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A figure of one question: `Figure`'s label, people, answered."""

    question: int
    label: str
    people: int
    answered: int


def read(questions: Sequence[Question], form: Mapping[str, Sequence[str]]) -> Sheet:
    """The sheet that a form (`q<id>` → values) fills in. Raises `AnswerError` `required` or `value`."""
    sheet: Sheet = {}
    for question in questions:
        given = [text.strip() for text in form.get(f"q{question.pk}", ()) if text.strip()]
        if not given:
            if question.required:
                raise AnswerError("required", "an answer is missing", question.pk)
            continue
        try:
            sheet[str(question.pk)] = _value(question, given)
        except ValueError:
            raise AnswerError("value", "that is none of the answers", question.pk) from None
    return sheet


def _value(question: Question, given: Sequence[str]) -> Any:
    if question.kind == Kind.TEXT:
        text = given[0].replace("\r\n", "\n")
        if len(text.encode("utf-16-le")) > 2 * LONGEST:
            raise ValueError
        return text
    if question.kind == Kind.MULTIPLE:
        return sorted({_within(question, text) for text in given})
    return _within(question, given[0])


def _within(question: Question, text: str) -> int:
    if not text.lstrip("-").isascii() or len(text) > _DIGITS:
        raise ValueError(text)
    number, (low, high) = int(text), bounds(question)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(text)
    return number


def longest(questions: Sequence[Question]) -> Sheet:
    """The sheet that takes most room: all is answered, with every option, as many digits and signs as there may be."""
    whole: dict[str, Any] = {Kind.TEXT: "x" * LONGEST}
    return {
        str(one.pk): list(range(options(one)))
        if one.kind == Kind.MULTIPLE
        else whole.get(one.kind, -(10 ** (_DIGITS - 1) - 1))
        for one in questions
    }


def bounds(question: Question) -> tuple[int | None, int | None]:
    """The least and the greatest that may be said; None: no bound."""
    if question.kind in {Kind.SINGLE, Kind.MULTIPLE}:
        return 0, options(question) - 1
    return question.low, question.high


def options(question: Question) -> int:
    """How many options it has."""
    said: dict[str, Any] = next(iter(question.texts.values()), {})
    return len(said.get("options", ()))


def figures(questions: Sequence[Question], sheets: Sequence[Sheet], *, least: int) -> list[Told]:
    """What may be told of the sheets: each label covers at least `least` people, and so does all else together."""
    found: list[Told] = []
    for question in questions:
        values = [sheet[str(question.pk)] for sheet in sheets if str(question.pk) in sheet]
        if len(values) < least or question.kind == Kind.TEXT:
            continue
        if question.kind == Kind.MULTIPLE:
            found += _multiple(question, values, least)
            continue
        counts = Counter(int(value) for value in values)
        parts = _groups(sorted(counts.elements()), least) if question.kind == Kind.NUMBER else _values(counts, least)
        found += [Told(question.pk, label, people, len(values)) for label, people in parts]
        if question.kind == Kind.SCALE and TOGETHER not in dict(parts):  # else it would tell what was put together
            found.append(Told(question.pk, MEAN, round(100 * sum(values) / len(values)), len(values)))
    return found


def _values(counts: Counter[int], least: int) -> list[tuple[str, int]]:
    cells = [Cell((str(value),), people, people, 0, 0) for value, people in counts.items()]
    shown = {cell.labels[0]: cell.lines for cell in grouped(cells, least=least)}
    return sorted(shown.items(), key=lambda one: (one[0] == TOGETHER, int(one[0]) if one[0] != TOGETHER else 0))


def _groups(values: Sequence[int], least: int) -> list[tuple[str, int]]:
    """Values (sorted) in up to five groups of at least `least`, the first and the last with an open end. The ends
    between them are quantiles made round: neither the least nor the greatest value has a part in any of them.
    """
    most = min(_GROUPS, len(values) // least)
    inner = values[least : len(values) - least] or values[len(values) // 2 : len(values) // 2 + 1]
    step = _round_step((inner[-1] - inner[0]) / max(most, 1))
    cuts: list[int] = []
    below = 0
    for part in range(1, most):
        cut = round(values[part * len(values) // most] / step) * step
        before = bisect_left(values, cut)
        if before - below >= least and len(values) - before >= least:
            cuts, below = [*cuts, cut], before
    if not cuts:
        return [(TOGETHER, len(values))]
    at = [0, *(bisect_left(values, cut) for cut in cuts), len(values)]
    ends = [f"…{cuts[0] - 1}", *(f"{a}…{b - 1}" for a, b in pairwise(cuts)), f"{cuts[-1]}…"]
    return [(label, until - since) for label, (since, until) in zip(ends, pairwise(at), strict=True)]


def _round_step(wide: float) -> int:
    """The greatest of 1, 2, 5, 10, 20 … that is no more than a tenth of the width; at least 1."""
    steps = [digit * 10**zeros for zeros in range(12) for digit in (1, 2, 5)]
    return max((step for step in steps if step <= wide / 10), default=1)


def _multiple(question: Question, values: Sequence[Sequence[int]], least: int) -> list[Told]:
    """An option is told where enough chose it and enough did not, or nobody or everybody did."""
    found, total = [], len(values)
    counts = Counter(option for chosen in values for option in chosen)
    for option in range(options(question)):
        people = counts[option]
        if people in {0, total} or least <= people <= total - least:
            found.append(Told(question.pk, str(option), people, total))
    return found
