"""A whole installation, committed: the example controllers with people, consents, sealed numbers, books and a trail.

Tests break it as its owner would, look, and put it back; so one database serves them all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import databases
from tests.support.world import person, publish_examples
from tillit.audit import events
from tillit.audit import operations as audit
from tillit.bonus.kinds import LOT
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.ledger import kinds, operations
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.parties.models import Login, StaffMember, StaffRole
from tillit.platform import database
from tillit.privacy import retention
from tillit.privacy.prove import catalog
from tillit.privacy.prove.run import Proof, prove
from tillit.purchases.models import Purchase

CUSTOMERS = {"trygghavn", "fjordlys", "solvik", "elvebakken"}
FNR = "01817012345"


@dataclass
class Installation:
    """The database's owner, the controllers and the people by (controller key, given name)."""

    owner: psycopg.Connection[Any]
    controllers: dict[str, Controller]
    people: dict[tuple[str, str], int]

    def proofs(self, *kinds: str, controller: str | None = None) -> list[Proof]:
        """The proofs of some kinds, for one controller or all."""
        return prove(controllers=[controller] if controller else None, kinds=kinds)

    def states(self, kind: str, controller: str, path: str | None = None) -> set[str]:
        """The states of one controller's promises of a kind, or of the one at a path."""
        found = self.proofs(kind, controller=controller)
        assert found
        return {p.finding.status for p in found if path in (None, p.promise.path)}

    def sees(self, kind: str, controller: str, path: str | None, break_it: str, mend_it: str | None = None) -> str:
        """Kept, then broken by a statement of the owner, then kept again; the first fault that was seen.

        Without `mend_it` the statement is one that a later one undoes: give pairs through `broken`.
        """
        assert self.states(kind, controller, path) == {"kept"}
        self.owner.execute(break_it)
        try:
            found = self.proofs(kind, controller=controller)
            faulty = [p for p in found if path in (None, p.promise.path) and p.finding.status == "broken"]
            assert faulty, f"{break_it}: nothing was seen"
        finally:
            if mend_it:
                self.owner.execute(mend_it)
        assert self.states(kind, controller, path) == {"kept"}
        return faulty[0].finding.why

    @contextmanager
    def undone(self, *tables: str) -> Iterator[None]:
        """Put the rows of the tables back as they were."""
        for table in tables:
            self.owner.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
        try:
            yield
        finally:
            for table in reversed(tables):
                self.owner.execute(f"DELETE FROM {table}")
            for table in tables:
                self.owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
                self.owner.execute(f"DROP TABLE kept_{table}")


@contextmanager
def as_admin(live: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """The catalog is looked at in an administrator's transaction, which is rolled back: for what belongs to the whole
    server, and must not be broken for others.
    """
    with database.connect("admin", name=live.owner.info.dbname) as admin, monkeypatch.context() as patch:

        def rows(name: str, **params: object) -> list[Any]:
            statement: Any = load(catalog.__file__, "catalog", name)
            return admin.execute(statement, {"extensions": catalog.BELONGING, **params}).fetchall()

        patch.setattr(catalog, "rows", rows)
        yield admin
        admin.rollback()


@pytest.fixture(scope="module")
def live(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    name = databases.clone(databases.template())
    patch = pytest.MonkeyPatch()
    patch.setenv("TILLIT_AUDIT_HEADS", str(Path(tmp_path_factory.mktemp("heads"))))
    for variable in ("TILLIT_BACKUPS", "TILLIT_KEY_BACKUPS", "TILLIT_JOURNAL"):
        patch.setenv(variable, str(Path(tmp_path_factory.mktemp("backup"))))
    with django_db_blocker.unblock():
        before = databases.repoint(name)
        try:
            with database.connect("owner", name=name, autocommit=True) as owner:
                yield _furnish(owner)
        finally:
            databases.repoint(before)
            databases.drop(name)
            patch.undo()


def _furnish(owner: psycopg.Connection[Any]) -> Installation:
    controllers = publish_examples()
    people = {}
    for key, controller in controllers.items():
        kind = "customer" if key in CUSTOMERS else "member"
        for given in ("Kari", "Ola"):
            mail = f"{given.lower()}.{key}@eksempel.example"
            people[key, given] = person(controller, kind, given=given, email=mail)
            digest = digests.digest(controller.register_id, digests.Kind.EMAIL, mail)
            directories.claim(
                register_id=controller.register_id,
                kind=digests.Kind.EMAIL,
                digest=digest,
                subject_id=people[key, given],
            )
    installation = Installation(owner, controllers, people)
    for step in (_seal, _consents, _books, _staff, _trail):
        step(installation)
    retention.run()
    audit.link()
    return installation


def _seal(live: Installation) -> None:
    controller = live.controllers["lyngheim"]
    with Scope(system("test", {controller.pk}), "membership_administration") as scope:
        parties.seal_fact(
            scope=scope,
            subject_id=live.people["lyngheim", "Kari"],
            controller_id=controller.pk,
            category="national_number",
            kind="national_number",
            value=FNR,
            source="union",
            at=clock.now(),
        )


def _consents(live: Installation) -> None:
    controller = live.controllers["rundtur"]
    for given, said in (("Kari", EventKind.GIVEN), ("Ola", EventKind.OBJECTED)):
        with Scope(system("test", {controller.pk}), "consent_management") as scope:
            consent.record(
                scope=scope,
                subject_id=live.people["rundtur", given],
                controller_id=controller.pk,
                activity="marketing",
                kind=said,
                route="web",
                wording="1" * 64,
                at=clock.now(),
                channel="email",
            )


def _books(live: Installation) -> None:
    controller, kari = live.controllers["nordkai"], live.people["nordkai", "Kari"]
    with Scope(system("test", {controller.pk}), "bonus_earning") as scope:
        book = operations.open_book(controller_id=controller.pk, key="nordkai", currency="NOK", category="bonus")
        earned = operations.Posting(
            subject_id=kari,
            id=operations.natural_key("test", 1),
            book_id=book.id,
            amount=250,
            debit=operations.Account(kinds.ISSUED),
            credit=operations.Account(LOT, date(2099, 1, 1)),
            event_at=clock.now(),
        )
        operations.post(scope=scope, postings=[earned])
        Purchase.objects.create(
            subject_id=kari,
            id=operations.natural_key("test", 2),
            controller_id=controller.pk,
            source_id=1,
            chain_id=1,
            store_id=1,
            event_at=clock.now(),
            amount=10000,
            currency="NOK",
            batch_id=1,
        )


def _staff(live: Installation) -> None:
    for key in ("solvik", "rundtur"):
        login = Login.objects.create(created_at=clock.now(), password="")
        member = StaffMember.objects.create(
            login=login, email=f"{key}@eksempel.example", name="Ansatt", confidentiality_signed=date(2026, 1, 1)
        )
        StaffRole.objects.create(
            staff=member, controller=live.controllers[key], role="customer_service", granted=date(2026, 1, 1)
        )


def _trail(live: Installation) -> None:
    for (key, _), subject in live.people.items():
        with Scope(system("test", {live.controllers[key].pk}), "customer_service") as scope:
            audit.append(
                type=events.PERSON_READ,
                scope=scope,
                subject=subject,
                details={"purpose": "enquiry", "categories": ["identity"]},
            )
