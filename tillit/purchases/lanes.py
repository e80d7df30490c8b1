"""Lanes: connections that take in a file side by side, each its own half of the ids, each in its own transactions.

A row's lane follows from the digest of its id, so that a repeated id always meets itself in one lane. Small intakes use
one lane, the caller's own connection; a large file has two, each in a thread of its own.
"""

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

from django.db import connection

MOST = 2
# The lanes are what is parallel: a worker beside each would only cost the handing over of its rows.
_ROOM = "SET temp_buffers = '64MB'; SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0"
T = TypeVar("T")


class Lane(Protocol):
    """Somewhere to run work on one connection, a piece after the other."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run the work, now or soon."""


class Here:
    """The caller's own connection: the work is done when `submit` returns."""

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run the work now."""
        done: Future[T] = Future()
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried to whoever asks for the result, as a thread does
            done.set_exception(error)
        return done


class Beside:
    """A connection of its own, in a thread of its own, which travels in time with the caller."""

    def __init__(self, number: int) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"intake-lane-{number}")
        self._context = contextvars.copy_context()
        self.submit(_make_room).result()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run the work after what was submitted before."""
        return self._thread.submit(self._context.run, work)

    def close(self) -> None:
        """Let go of the connection."""
        self.submit(_let_go).result()
        self._thread.shutdown()


HERE: tuple[Lane, ...] = (Here(),)


@contextmanager
def beside(count: int = MOST) -> Iterator[Sequence[Lane]]:
    """`count` lanes beside the caller's connection, open until the end of the block."""
    opened: list[Beside] = []
    try:
        opened += (Beside(number) for number in range(count))
        yield opened
    finally:
        for lane in opened:
            lane.close()


def all_of(pieces: Sequence["Future[T]"]) -> list[T]:
    """The results, when every lane is done; the first error is raised then."""
    for piece in pieces:
        piece.exception()
    return [piece.result() for piece in pieces]


def _let_go() -> None:
    connection.close()  # the one of this thread


def _make_room() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ROOM)
