"""Two connections at once, and work that dies half-way: nothing is left behind, nothing alive is lost (H3, H4, H10)."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import DataKey, Fact, Relationship, SealedFact, Subject
from tillit.parties.sealing import open_sealed
from tillit.privacy import retention, sweep
from tillit.privacy.erasure import erase
from tillit.privacy.models import LooseEnd

LEFT, LATER = date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def club(fresh_db: TestDatabase) -> Controller:
    return publish_examples("bonus")["rundtur"]


@pytest.fixture
def union(fresh_db: TestDatabase) -> Controller:
    return publish_examples("union_benefits")["lyngheim"]


def _leave(club: Controller, subject: int) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=subject, controller_id=club.pk, kind="member", ended=LEFT, reason="left"
        )


def _meanwhile(work: Callable[[], object]) -> threading.Thread:
    """`work` on a connection of its own; started, and given time to reach the lock it waits for."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=1)
    return thread


def _record(controller: Controller, subject: int, kind: str, value: str) -> None:
    with Scope(system("test", {controller.pk}), "rights_requests") as scope:
        parties.record_fact(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            category="identity",
            kind=kind,
            value=value,
            source="data_subject",
            at=clock.now(),
        )


def _seal(union: Controller, subject: int) -> None:
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        parties.seal_fact(
            scope=scope,
            subject_id=subject,
            controller_id=union.pk,
            category="national_number",
            kind="national_number",
            value="01817012345",
            source="union",
            at=clock.now(),
        )


def test_h4_a_row_recorded_while_the_restriction_is_made_is_born_restricted(club: Controller) -> None:
    kari = person(club, given="Kari")
    with Scope(system("test", {club.pk}), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="accuracy", at=clock.now())
        writer = _meanwhile(lambda: _record(club, kari, "name.family", "Ås"))
        assert writer.is_alive(), "it waits for the person"
    writer.join(timeout=60)
    with Scope(system("test", {club.pk}), "rights_requests"):
        assert set(Fact.objects.values_list("kind", "state")) == {("name.given", 1), ("name.family", 1)}


def test_h3_a_row_recorded_while_the_person_is_erased_is_refused(club: Controller) -> None:
    kari = person(club, given="Kari", account=False)
    refused: list[Exception] = []

    def write() -> None:
        try:
            _record(club, kari, "name.family", "Ås")
        except UnknownSubjectError as error:
            refused.append(error)

    ids = list(Controller.objects.filter(register=club.register).values_list("id", flat=True))
    with Scope(system("test", ids), "retention") as scope:
        Fact.objects.all().delete()
        Relationship.objects.all().delete()
        sweep.tie_up(scope=scope, subjects=[kari])
        assert not Subject.objects.filter(pk=kari).exists()
        writer = _meanwhile(write)
        assert writer.is_alive()
    writer.join(timeout=60)
    assert len(refused) == 1
    with Scope(system("test", ids), "rights_requests"):
        assert not Fact.objects.exists()


def test_h10_a_key_made_while_looking_after_is_not_shredded(union: Controller) -> None:
    kari = person(union, given="Kari")
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        _seal(union, kari)
        with Scope(system("test", {union.pk}), "rights_requests"):
            SealedFact.objects.all().delete()
    LooseEnd.objects.create(subject_id=kari)
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        _seal(union, kari)  # not committed yet
        sweeper = _meanwhile(sweep.loose_ends)
        assert sweeper.is_alive(), "it waits for the person"
        assert scope.actor.ref == "test"
    sweeper.join(timeout=60)
    with Scope(system("test", {union.pk}), "membership_administration"):
        fact = SealedFact.objects.get(subject_id=kari)
    opened = open_sealed(
        subject_id=kari, controller_id=union.pk, table="parties_sealed_fact", column="sealed", sealed=fact.sealed
    )
    assert opened == "01817012345"


def test_h10_whoever_joins_again_between_look_and_disposal_keeps_everything(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari, ola = person(club, given="Kari"), person(club, given="Ola")
    _leave(club, kari)
    _leave(club, ola)
    real, joined = retention.lock_subjects, []

    def join_first(**asked: object) -> dict[int, int]:
        if not joined:
            joined.append(True)
            _meanwhile(
                lambda: _relate(club, kari),
            ).join(timeout=60)
        return real(**asked)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "lock_subjects", join_first)
    with clock.travel(LATER):
        retention.run()
    with Scope(system("test", {club.pk}), "rights_requests"):
        assert list(Fact.objects.values_list("value", flat=True)) == ["Kari"]


def _relate(club: Controller, subject: int) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.relate(scope=scope, subject_id=subject, controller_id=club.pk, kind="member", started=LEFT)


def test_h10_a_run_that_dies_leaves_nobody_half_looked_after(club: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    digest = digests.digest(club.register_id, digests.Kind.EMAIL, "kari@eksempel.example")
    directories.claim(register_id=club.register_id, kind=digests.Kind.EMAIL, digest=digest, subject_id=kari)
    _leave(club, kari)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with clock.travel(LATER):
        with monkeypatch.context() as killed:
            killed.setattr(sweep, "tie_up", die)
            with pytest.raises(KeyboardInterrupt):
                retention.run()
        assert Subject.objects.filter(pk=kari).exists()
        assert directories.resolve(register_id=club.register_id, kind=digests.Kind.EMAIL, digest=digest) == kari
        retention.run()
        assert not Subject.objects.filter(pk=kari).exists()
    assert directories.resolve(register_id=club.register_id, kind=digests.Kind.EMAIL, digest=digest) is None
    assert not LooseEnd.objects.exists()


def test_h3_erasure_is_whole_or_not_at_all_and_may_be_asked_again(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = person(club, given="Kari")
    _leave(club, kari)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    ids = list(Controller.objects.filter(register=club.register).values_list("id", flat=True))
    asked = {"actor": system("rights", ids), "subject_id": kari, "ground": "unlawful"}
    with clock.travel(LATER):
        with monkeypatch.context() as killed:
            killed.setattr(sweep, "tie_up", die)
            with pytest.raises(KeyboardInterrupt):
                erase(**asked, at=clock.now())
        with Scope(system("test", {club.pk}), "rights_requests"):
            assert Fact.objects.count() == 1
        erased = {item.category for item in erase(**asked, at=clock.now()) if item.outcome == "erased"}
        assert erased == {"identity", "relationship", "login"}
        assert not [item for item in erase(**asked, at=clock.now()) if item.outcome == "erased"]
    assert erase(**{**asked, "subject_id": 12345}, at=clock.now()) == [], "not even the id is left"


def test_h3_one_controllers_key_goes_though_anothers_stays(fresh_db: TestDatabase) -> None:
    controllers = publish_examples("union_benefits")
    union = controllers["lyngheim"]
    kari = person(union, given="Kari")
    _seal(union, kari)
    with fresh_db.connect("owner", autocommit=True) as owner:
        other = next(c.pk for c in controllers.values() if c.pk != union.pk)
        owner.execute(
            "INSERT INTO parties_data_key (subject_id, controller_id, wrapped) VALUES (%s, %s, 'x')", [kari, other]
        )
        LooseEnd.objects.create(subject_id=kari)
        sweep.loose_ends()
        kept = owner.execute("SELECT controller_id FROM parties_data_key WHERE subject_id = %s", [kari]).fetchall()
    assert kept == [(union.pk,)]
    assert DataKey._meta.db_table == "parties_data_key"
