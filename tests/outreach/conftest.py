"""Three example installations in one database that tests of forms share: each test's changes are rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import databases
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller

PEOPLE = 24


@dataclass(frozen=True)
class Furnished:
    """The controllers by key, and customers of the power retailer with an e-mail address each."""

    name: str
    controllers: dict[str, Controller]
    people: tuple[int, ...]


@pytest.fixture(scope="session")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[Furnished]:
    name = databases.clone(databases.template())
    with django_db_blocker.unblock():
        before = databases.repoint(name)
        controllers = publish_examples("power", "union_benefits", "accounting")
        customers = [
            person(controllers["fjordlys"], "customer", account=False, given="Kari", email=f"k{number}@post.example")
            for number in range(PEOPLE)
        ]
        databases.repoint(before)
    yield Furnished(name, controllers, tuple(customers))
    with django_db_blocker.unblock():
        databases.drop(name)


@pytest.fixture
def _there(furnished: Furnished, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        before = databases.repoint(furnished.name)
    yield
    with django_db_blocker.unblock():
        databases.repoint(before)


@pytest.fixture
def forms(_there: None, furnished: Furnished, db: Any) -> Furnished:
    """The shared database, as it was furnished."""
    return furnished
