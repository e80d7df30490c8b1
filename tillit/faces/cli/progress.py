"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

EVERY = 5.0  # seconds between plain lines


class Meter:
    """Shows how far each phase is. `names`: phase → what it is called. `bar`: None decides by the terminal."""

    def __init__(self, names: Mapping[str, str], *, bar: bool | None = None) -> None:
        self._names = names
        self._console = Console(stderr=True, highlight=False)
        self._bar = self._console.is_terminal if bar is None else bar
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self._bar:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._progress.stop()

    def tell(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` (0: not known) of a phase."""
        name = self._names.get(phase, phase)
        if self._bar:
            if phase not in self._tasks:
                self._tasks[phase] = self._progress.add_task(name, total=total or None)
            self._progress.update(self._tasks[phase], completed=done)
            return
        now = time.monotonic()
        if phase not in self._said or now - self._said[phase] >= EVERY:
            self._said[phase] = now
            share = f" {100 * done // total} %" if total else ""
            self._console.print(f"{name}{share}", markup=False)
