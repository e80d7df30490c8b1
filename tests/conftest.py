"""Every test runs on real PostgreSQL as the plain role ``tillit_app``, under row-level security.

``db``                 a database of the worker's own; the test's changes are rolled back
``fresh_db``           a database of the test's own: real commits, several connections, other processes
``owner_connection``   psycopg as ``tillit_owner`` on the same database, for catalog look-ups and tampering
"""

import contextlib
import dataclasses
import importlib
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.support import databases
from tests.support.examples import everything
from tillit.kernel import clock
from tillit.platform import database, paths

_USE = pytest.StashKey[Any]()

# How fast examples are made says something of the machine and who else uses it, nothing of what is tested.
# The same examples each time, so that a change is judged by itself and not by luck; `make soak` tries others each time.
settings.register_profile(
    "tillit", deadline=None, derandomize=not everything(), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tillit")

# The commands that tests start must not compile every module anew each time, whatever the caller's shell says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@dataclasses.dataclass(frozen=True)
class TestDatabase:
    """A database and the environment that makes ``tillit`` commands use it."""

    __test__ = False
    name: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TILLIT_DATABASE_NAME": self.name, "DJANGO_SETTINGS_MODULE": "tillit.settings"}

    def connect(self, login: database.Login = "app", **options: Any) -> psycopg.Connection[Any]:
        return database.connect(login, name=self.name, **options)


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_USE] = databases.in_use()
    session.config.stash[_USE].__enter__()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _USE in session.config.stash:
        session.config.stash[_USE].__exit__(None, None, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and marker.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: use the fixture fresh_db; the application may not truncate")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """A copy of the template for this worker (pytest-django's own would connect as an administrator)."""
    name = databases.clone(databases.template())
    before = databases.repoint(name)
    yield
    with django_db_blocker.unblock():
        databases.repoint(before)
        os.environ.pop("TILLIT_DATABASE_NAME", None)
    databases.drop(name)


# A folder of tests → the examples that are published before its first test ("*": all of them): what most of its tests
# do first, and a third of their time. Each test's own `publish_examples` then finds them there.
PUBLISHED = {
    "bonus": "bonus",
    "consent": "bonus",
    "faces": "*",
    "faces/cli": "",
    "faces/test_public": "",  # a front page before anything is published
    "journeys": "bonus",
    "messages": "bonus",
    "purchases": "bonus",
    "benefits": "union_benefits",
    "membership": "union_benefits",
    "power": "power",
    "services": "loyalty_services",
}


@pytest.fixture(scope="session")
def published(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[str], databases.Stock]]:
    """Gives a database in which a folder of examples is published, made when first asked for."""
    from tests.support.world import publish_examples

    made: dict[str, databases.Stock] = {}
    with contextlib.ExitStack() as stack:

        def of(folder: str) -> databases.Stock:
            if folder not in made:
                with django_db_blocker.unblock():
                    folders = () if folder == "*" else (folder,)
                    made[folder] = stack.enter_context(databases.filled(lambda: publish_examples(*folders)))
            return made[folder]

        yield of


@pytest.fixture(scope="module", autouse=True)
def _published_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """The worker's own database is, for a module, the one of its folder's examples."""
    place = Path(request.module.__file__).relative_to(paths.root() / "tests").with_suffix("")
    folder = next((PUBLISHED[str(one)] for one in (place, *place.parents) if str(one) in PUBLISHED), "")
    if not folder:
        yield
        return
    before = databases.repoint(request.getfixturevalue("published")(folder).name)
    yield
    databases.repoint(before)


@pytest.fixture(autouse=True)
def _no_inherited_time() -> Iterator[None]:
    """No test inherits the time another one travelled to."""
    yield
    clock.return_to_present()


@pytest.fixture(autouse=True)
def _limits_count_from_the_first_try() -> None:
    """The windows of rate limits begin at a test's first try, at whatever time it then is (`parties.rates`). So none
    ends within a test because of when it runs, and after a journey as many have ended as the journey is long.
    """
    first: list[datetime] = []

    def window(now: datetime, every: timedelta) -> datetime:
        if not first:
            first.append(now)
        return first[0] + ((now - first[0]) // every) * every

    importlib.import_module("tillit.parties.rates").__dict__["_window"] = window


@pytest.fixture
def stock(django_db_setup: None) -> databases.Stock:
    """What `fresh_db` is a copy of: empty, where a folder of tests has not a fuller one (`databases.filled`)."""
    return databases.Stock(databases.template())


@pytest.fixture
def fresh_db(
    stock: databases.Stock, django_db_blocker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestDatabase]:
    """A database of the test's own; Django's connections in every thread go there. So do its published heads and
    its backups."""
    name = databases.clone(stock.name)
    if stock.files:
        shutil.copytree(stock.files, tmp_path, dirs_exist_ok=True)
    for variable, short in databases.FILES.items():
        monkeypatch.setenv(variable, str(tmp_path / short))
    before = databases.repoint(name)
    with django_db_blocker.unblock():
        try:
            yield TestDatabase(name)
        finally:
            databases.repoint(before)
            databases.drop(name)


@pytest.fixture
def place_for_server() -> Iterator[Path]:
    """A directory for a server of the test's own. Not pytest's: that one is closed to the server's user again and again
    when tests run as root."""
    with tempfile.TemporaryDirectory(prefix="t", dir=paths.ensure_var()) as name:
        yield Path(name)


@pytest.fixture
def transactional_db(fresh_db: TestDatabase) -> TestDatabase:
    """What pytest-django's fixtures for live servers ask for."""
    return fresh_db


@pytest.fixture
def owner_connection(request: pytest.FixtureRequest, django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, each statement committed. Sees nothing of a transaction that `db` rolls back."""
    from django.db import connections

    with database.connect("owner", name=connections.settings["default"]["NAME"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def outside_register() -> Iterator[Any]:
    """A population register on this machine, that knows nobody."""
    from tillit.faces.simulators.population import PopulationRegister

    register = PopulationRegister(0, token="of-the-test", step=3)
    thread = threading.Thread(target=register.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield register
    register.shutdown()
    register.server_close()
