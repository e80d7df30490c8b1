"""A union with four members, each with a sealed number; a dump of it; and restoring beside it."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from tests.conftest import TestDatabase
from tests.support import databases
from tests.support.world import person, publish_examples
from tillit.audit.operations import link
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.platform import database, programs, setup
from tillit.privacy.backup import archive, places, run
from tillit.privacy.backup.restore import Restored, restore
from tillit.privacy.erasure import erase

FNR = "01817012345"


@dataclass
class Town:
    """A register with people; `name`: its database."""

    controller: Controller
    name: str
    owner: psycopg.Connection[Any]
    people: dict[str, int]

    def scope(self, activity: str) -> Scope:
        """A system scope of the controller's whole register."""
        return Scope(self.system(), activity)

    def system(self) -> Any:
        """Tillit acting for every controller of the register."""
        return system("test", Controller.objects.filter(register=self.controller.register).values_list("id", flat=True))

    def say(self, given: str, kind: EventKind, activity: str = "newsletter", channel: str = "") -> None:
        """Record a yes or no."""
        with self.scope("consent_management") as scope:
            consent.record(
                scope=scope,
                subject_id=self.people[given],
                controller_id=self.controller.pk,
                activity=activity,
                channel=channel,
                kind=kind,
                route="own_page",
                wording="w1",
                at=clock.now(),
                evidence="a tick on the own page",
            )

    def claim(self, given: str, mail: str) -> None:
        """Have the person found by the address."""
        directories.claim(
            register_id=self.controller.register_id,
            kind=digests.Kind.EMAIL,
            digest=self.digest(mail),
            subject_id=self.people[given],
        )

    def correct(self, scope: Scope, given: str, kind: str, value: str, *, category: str = "identity") -> None:
        """Record a fact that replaces the one there is."""
        parties.record_fact(
            scope=scope,
            subject_id=self.people[given],
            controller_id=self.controller.pk,
            category=category,
            kind=kind,
            value=value,
            source="data_subject",
            at=clock.now(),
        )

    def leave(self, subject: int) -> None:
        """End the membership."""
        with self.scope("membership_administration") as scope:
            parties.end_relationship(
                scope=scope,
                subject_id=subject,
                controller_id=self.controller.pk,
                kind="member",
                ended=clock.today(),
                reason="left",
            )

    def erase(self, given: str, categories: frozenset[str] | None = None) -> None:
        """Erase the person, or a part."""
        erase(
            actor=self.system(),
            subject_id=self.people[given],
            ground="consent_withdrawn",
            at=clock.now(),
            categories=categories,
        )

    def holder(self, mail: str) -> int | None:
        """Who is found by an address."""
        return directories.resolve(
            register_id=self.controller.register_id, kind=digests.Kind.EMAIL, digest=self.digest(mail)
        )

    @contextmanager
    def by_hand(self, dump: Path) -> Iterator[psycopg.Connection[Any]]:
        """The dump in a database that somebody made with PostgreSQL's tools; Django works there as the application."""
        name = f"{self.name}_hand"
        setup.ensure_database(name, closed=True)
        side = database.place(name)
        reading = archive.Reading(dump)
        definitions = reading.definitions()
        options = ["--no-owner", f"--dbname={name}"]
        programs.feed("pg_restore", [*options, "--section=pre-data"], [definitions], where=side, login="owner")
        programs.feed("pg_restore", [*options, "--data-only"], reading.rows(), where=side, login="owner")
        programs.feed("pg_restore", [*options, "--section=post-data"], [definitions], where=side, login="owner")
        with database.connect("admin", name="postgres", autocommit=True) as admin:
            admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO tillit_app")
        with database.connect("owner", name=name) as owner:
            owner.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO tillit_app")
            owner.commit()
            before = databases.repoint(name)
            try:
                yield owner
            finally:
                databases.repoint(before)
        databases.drop(name)

    def digest(self, mail: str) -> Any:
        """The register's digest of an address."""
        return digests.digest(self.controller.register_id, digests.Kind.EMAIL, mail)


def _peopled() -> Town:
    controller = publish_examples("union_benefits")["lyngheim"]
    with database.connect("owner", autocommit=True) as owner:
        made = Town(controller, "", owner, {})
        for given in ("Kari", "Ola", "Siv", "Tor"):
            mail = f"{given.lower()}@eksempel.example"
            made.people[given] = person(
                controller, given=given, email=mail, phone="+4790000000", started=date(2026, 1, 1)
            )
            made.claim(given, mail)
            with Scope(system("test", {controller.pk}), "membership_administration") as scope:
                parties.seal_fact(
                    scope=scope,
                    subject_id=made.people[given],
                    controller_id=controller.pk,
                    category="national_number",
                    kind="national_number",
                    value=FNR,
                    source="union",
                    at=clock.now(),
                )
        link()
    return made


def _dumped() -> tuple[Town, str]:
    return _peopled(), run.backup().dump.name


@pytest.fixture(scope="session")
def towns(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[bool, databases.Stock]]:
    """A town without a dump, and one that has been dumped."""
    with django_db_blocker.unblock(), databases.filled(_peopled) as plain, databases.filled(_dumped) as dumped:
        yield {False: plain, True: dumped}


@pytest.fixture
def stock(towns: dict[bool, databases.Stock], request: pytest.FixtureRequest) -> databases.Stock:
    return towns["dump" in request.fixturenames]


@pytest.fixture
def town(stock: databases.Stock, fresh_db: TestDatabase) -> Iterator[Town]:
    found = stock.facts[0] if isinstance(stock.facts, tuple) else stock.facts
    with database.connect("owner", name=fresh_db.name, autocommit=True) as owner:
        yield dataclasses.replace(found, name=fresh_db.name, owner=owner, people=dict(found.people))


@pytest.fixture
def restored(town: Town) -> Iterator[Callable[..., Any]]:
    """`with restored(dump) as done:` restores beside the town's database and works on the result."""
    name = f"{town.name}_r"

    @contextmanager
    def made(path: Path, **options: Any) -> Iterator[Restored]:
        done = restore(path=path, name=name, **options)
        before = databases.repoint(name)
        try:
            yield done
        finally:
            databases.repoint(before)
            databases.drop(name)

    yield made
    databases.drop(name)
    connections.close_all()


@pytest.fixture
def dump(town: Town, stock: databases.Stock) -> Path:
    """The dump of the town, in the test's own folder."""
    return places.folder("dump") / stock.facts[1]
