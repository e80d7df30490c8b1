"""A finding, and how findings are written for people and for programs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["ok", "warning", "wrong"]
RANK: Mapping[State, int] = {"ok": 0, "warning": 1, "wrong": 2}


@dataclass(frozen=True)
class Finding:
    """What one look found. `said`: how it is and what to do. `figures`: numbers for whoever watches, by name and unit
    (`free_bytes`, `age_seconds`).
    """

    name: str
    state: State
    said: str
    figures: Mapping[str, float] = field(default_factory=dict)


Check = Callable[[], Iterable[Finding]]


def ok(name: str, said: str, **figures: float) -> Finding:
    """As it should be."""
    return Finding(name, "ok", said, figures)


def warning(name: str, said: str, **figures: float) -> Finding:
    """It works, and somebody should know."""
    return Finding(name, "warning", said, figures)


def wrong(name: str, said: str, **figures: float) -> Finding:
    """Something does not work, or will soon not."""
    return Finding(name, "wrong", said, figures)


def exposition(findings: Iterable[Finding]) -> str:
    """The findings in Prometheus' text format: `tillit_doctor_state` (0 ok, 1 warning, 2 wrong) and the figures."""
    found = list(findings)
    lines = ["# HELP tillit_doctor_state 0 ok, 1 warning, 2 wrong.", "# TYPE tillit_doctor_state gauge"]
    lines += [f'tillit_doctor_state{{check="{one.name}"}} {RANK[one.state]}' for one in found]
    by_figure: dict[str, list[str]] = {}
    for one in found:
        for name, value in one.figures.items():
            by_figure.setdefault(name, []).append(f'tillit_doctor_{name}{{check="{one.name}"}} {value:g}')
    for name, samples in sorted(by_figure.items()):
        lines += [f"# TYPE tillit_doctor_{name} gauge", *samples]
    return "\n".join(lines) + "\n"
