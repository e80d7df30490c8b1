"""Pages of a list: numbered, bounded, one row read ahead instead of a count of everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

T = TypeVar("T")
M = TypeVar("M", bound=Model)
_LAST = 500


@dataclass(frozen=True)
class Page(Generic[T]):
    """The rows of one page, its number from 1, and whether another follows."""

    rows: list[T]
    number: int
    more: bool

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def before(self) -> int | None:
        """The number of the page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        """The number of the page after."""
        return self.number + 1 if self.more else None


def asked_number(request: HttpRequest) -> int:
    """The number of a page that `?page=` asks for, from 1; 1 for what is no number."""
    given = request.GET.get("page", "1")
    return max(int(given), 1) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def page_of(request: HttpRequest, rows: QuerySet[M], size: int) -> Page[M]:
    """The page that `?page=` asks for; the first for what is no number. Evaluated at once."""
    return page_by(request, lambda first, most: list(rows[first : first + most]), size)


def page_by(request: HttpRequest, read: Callable[[int, int], list[T]], size: int) -> Page[T]:
    """The page that `?page=` asks for, of what `read` gives: so many, after the first so many."""
    number = min(asked_number(request), _LAST)
    found = read((number - 1) * size, size + 1)
    return Page(found[:size], number, len(found) > size)
