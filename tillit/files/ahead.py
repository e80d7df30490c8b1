"""Work on chunks in threads, some ahead of whoever takes them, in their order."""

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

READERS = 2  # nearly all that checking and digesting do is done without holding Python's lock
A = TypeVar("A")
B = TypeVar("B")


def ahead(chunks: Iterable[A], make: Callable[[A], B]) -> Iterator[B]:
    """What `make` makes of each chunk."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="reading") as pool:
        under_way: deque[Future[B]] = deque()
        try:
            for chunk in chunks:
                under_way.append(pool.submit(contextvars.copy_context().run, make, chunk))
                if len(under_way) > READERS:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
