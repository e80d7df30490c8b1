"""Two registrations of one person become one, and are two again (C3): nothing moves, so nothing is lost."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.bonus import operations as bonus
from tillit.bonus.kinds import CORRECTED, DEBT, ISSUED, LOT
from tillit.bonus.models import Programme
from tillit.bonus.queries import overview
from tillit.consent import operations as consent
from tillit.consent.models import Choice, EventKind
from tillit.consent.queries import lawful_subjects, may
from tillit.declaration.models import Controller
from tillit.journeys.leave import leave
from tillit.journeys.merging import compare, merge, unmerge
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger import operations as ledger
from tillit.ledger.errors import InsufficientFundsError
from tillit.ledger.kinds import KINDS, NEVER
from tillit.ledger.models import Balance
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.messages.models import Message
from tillit.parties import directories, merging
from tillit.parties.actors import member_actor
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import MergeRefusedError, UnknownSubjectError
from tillit.parties.models import Fact, Relationship, Subject
from tillit.parties.queries import facts
from tillit.privacy import access
from tillit.privacy.erasure import erase
from tillit.privacy.prove.run import prove
from tillit.purchases.models import Chain

DAY = date(2026, 5, 4)


@pytest.fixture
def club(db: Any) -> Iterator[Controller]:
    with clock.travel(DAY):
        yield publish_examples("bonus")["nordkai"]


def _staff(club: Controller) -> Actor:
    return system("staff", {club.pk})


def _everyone(club: Controller) -> Actor:
    return system("test", Controller.objects.filter(register_id=club.register_id).values_list("id", flat=True))


def _merge(club: Controller, alias: int, own: int) -> None:
    merge(actor=_staff(club), controller=club, subject_id=alias, into=own, reason="joined_twice", at=clock.now())


def _unmerge(club: Controller, alias: int) -> int:
    return unmerge(actor=_staff(club), controller=club, subject_id=alias, reason="mistake", at=clock.now())


def _say(club: Controller, subject: int, kind: EventKind, activity: str = "marketing", channel: str = "") -> None:
    with Scope(system("test", {club.pk}), "consent_management") as scope:
        consent.record(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            activity=activity,
            kind=kind,
            route="web",
            wording="1" * 64,
            at=clock.now(),
            channel=channel,
        )


def _choices(club: Controller, subject: int) -> list[tuple[Any, ...]]:
    with Scope(system("test", {club.pk}), "consent_management", frozenset({subject})):
        rows = Choice.objects.filter(subject_id=subject).exclude(consented=False, objected=False)
        return sorted(rows.values_list("activity", "channel", "consented", "objected", "since"))


def _holds(subject: int) -> dict[str, int]:
    """How many rows each table holds of the subject itself, but what a merge and its undoing put on record."""
    from tillit.declaration import registry

    register = Subject.objects.values_list("register_id", flat=True).get(pk=subject)
    everyone = system("test", Controller.objects.filter(register_id=register).values_list("id", flat=True))
    found = {}
    with Scope(everyone, "rights_requests", frozenset({subject})), connection.cursor() as cursor:
        for table in registry.PERSONAL:
            if table not in {"audit_event", "messages_message", "consent_event", "consent_choice", "ledger_transfer"}:
                cursor.execute(f"SELECT count(*) FROM {table} WHERE subject_id = %s", [subject])
                (found[table],) = cursor.fetchone()
    return found


def test_c3_a_merged_person_is_one_everywhere_and_two_again_afterwards(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    twin = person(club, given="Karianne", phone="+4740000112")
    key = digest(club.register_id, Kind.PHONE, "+4740000112")
    directories.claim(register_id=club.register_id, kind=Kind.PHONE, digest=key, subject_id=twin)
    _say(club, kari, EventKind.GIVEN)
    _say(club, twin, EventKind.OBJECTED)
    before = {one: (_holds(one), _choices(club, one)) for one in (kari, twin)}
    first, second = compare(actor=_staff(club), controller=club, subject_ids=(kari, twin))
    assert (first.facts["email"], second.facts["phone"]) == ("kari@eksempel.example", "+4740000112")
    _merge(club, twin, kari)
    assert directories.resolve(register_id=club.register_id, kind=Kind.PHONE, digest=key) == kari
    actor = member_actor(register_id=club.register_id, subject_id=kari, login_id=1)
    with Scope(actor, "self_service"):
        known = facts(subject_id=kari)
        assert (known["name.given"], known["phone"]) == ("Kari", "+4740000112")
    assert may(controller_id=club.pk, activity="marketing", subject_id=kari).reason == "objected", "a no of either"
    assert may(controller_id=club.pk, activity="marketing", subject_id=twin).reason == "objected"
    found = lawful_subjects(controller_id=club.pk, activity="important_notices")
    assert kari in found
    assert twin not in found, "one person is written to once"
    answer = access.collect(actor=_everyone(club), subject_id=kari, language="nb")
    values = {row.get("value") for part in answer["data"] for row in part["rows"]}
    assert {"Kari", "Karianne", "+4740000112"} <= values
    with Scope(_everyone(club), "important_notices"):
        assert list(Message.objects.filter(subject_id=kari).values_list("template", flat=True)) == ["merged"]
    (proof,) = prove(kinds=["merges"], controllers=["nordkai"])
    assert (proof.finding.status, proof.finding.evidence["merged"]) == ("kept", 1)
    assert [f for p in prove(kinds=["consent"], controllers=["nordkai"]) for f in p.finding.faults] == []
    with clock.travel(date(2026, 5, 5)):
        assert _unmerge(club, twin) == kari
    assert {one: (_holds(one), _choices(club, one)) for one in (kari, twin)} == before
    assert directories.resolve(register_id=club.register_id, kind=Kind.PHONE, digest=key) == twin
    assert may(controller_id=club.pk, activity="marketing", subject_id=kari)
    assert {p.finding.status for p in prove(kinds=["consent", "merges"], controllers=["nordkai"])} == {"kept"}


def test_c3_restriction_leaving_and_erasure_reach_every_subject_of_a_merged_person(club: Controller) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Karianne")
    _merge(club, twin, kari)
    with Scope(_everyone(club), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="accuracy", at=clock.now())
    with Scope(_everyone(club), "membership_administration"):
        assert not Fact.objects.filter(subject_id__in=[kari, twin]).exists(), "hidden, whichever it is"
    assert {p.finding.status for p in prove(kinds=["restriction"], controllers=["nordkai"])} == {"kept"}
    with pytest.raises(MergeRefusedError):
        _unmerge(club, twin)
    with Scope(_everyone(club), "rights_requests") as scope:
        assert consent.lift(scope=scope, subject_id=kari, at=clock.now()) == 1
    leave(subject_id=kari, controller_id=club.pk, at=clock.now())
    with Scope(_everyone(club), "rights_requests"):
        assert not Relationship.objects.filter(subject_id__in=[kari, twin], ended__isnull=True).exists()
    erase(actor=_everyone(club), subject_id=kari, ground="no_longer_needed", at=clock.now())
    with Scope(_everyone(club), "rights_requests"):
        assert not Fact.objects.filter(subject_id__in=[kari, twin]).exists()
    assert prove(kinds=["merges"], controllers=["nordkai"])[0].finding.status == "kept"


def _chain(club: Controller) -> Programme:
    chain = Chain.objects.create(controller_id=club.pk, key="kai", name="Kai", currency="NOK")
    with Scope(system("test", {club.pk}), "bonus_earning") as scope:
        book = ledger.open_book(scope=scope, controller_id=club.pk, key="kai", currency="NOK", category="bonus")
    return Programme.objects.create(chain=chain, book_id=book.id, rounding="half_up", validity="year_and_next")


def _earn(club: Controller, programme: Programme, subject: int, amount: int, expires: date) -> None:
    with Scope(system("test", {club.pk}), "bonus_earning") as scope:
        lot = Account(LOT, expires)
        key = natural_key("earn", subject, expires)
        posting = Posting(subject, key, programme.book_id, amount, Account(ISSUED), lot, clock.now())
        ledger.post(scope=scope, postings=[posting])


def _available(subject: int, club: Controller) -> int:
    with Scope(system("test", {club.pk}), "bonus_use", frozenset({subject})):
        return sum(one.available for one in overview(subject_id=subject, on=clock.today()))


def test_c3_the_bonus_of_both_is_shown_and_used_oldest_first_and_parted_again(club: Controller) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Karianne")
    programme = _chain(club)
    _earn(club, programme, kari, 60, date(2028, 1, 1))
    _earn(club, programme, twin, 50, date(2027, 1, 1))
    _merge(club, twin, kari)
    assert _available(kari, club) == 110

    def use(amount: int, key: int) -> None:
        with Scope(system("test", {club.pk}), "bonus_use", frozenset({kari})) as scope:
            bonus.use(
                scope=scope,
                subject_id=kari,
                chain_id=programme.chain_id,
                amount=amount,
                key=natural_key("use", key),
                at=clock.now(),
            )

    with pytest.raises(InsufficientFundsError):
        use(111, 1)
    for _ in range(2):
        use(80, 2)
    assert _available(kari, club) == 30, "the second time is the same use"
    _unmerge(club, twin)
    assert (_available(kari, club), _available(twin, club)) == (0, 30), "what was not spent is each one's own"
    assert prove(kinds=["ledger"], controllers=["nordkai"])[0].finding.status == "kept"


def test_c3_what_is_used_comes_back_to_whom_it_was_when_it_was_only_carried(club: Controller) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Karianne")
    programme = _chain(club)
    _earn(club, programme, twin, 50, date(2027, 1, 1))
    _merge(club, twin, kari)
    from tillit.bonus import pooling

    with Scope(system("test", {club.pk}), "bonus_use", frozenset({kari})) as scope:
        pooling.gather(
            scope=scope,
            subject_id=kari,
            programme=programme,
            amount=40,
            key=natural_key("v"),
            at=clock.now(),
            stands=lambda: False,
        )
    _unmerge(club, twin)
    assert (_available(kari, club), _available(twin, club)) == (0, 50)


def test_c3_c8_what_either_owes_is_repaid_from_what_the_other_holds_and_owed_again_when_parted(
    club: Controller,
) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Karianne")
    programme = _chain(club)

    def correct(subject: int, amount: int) -> None:
        with Scope(system("test", {club.pk}), "bonus_correction", frozenset({subject})) as scope:
            bonus.correct(
                scope=scope,
                subject_id=subject,
                chain_id=programme.chain_id,
                amount=amount,
                key=natural_key("correct", subject, amount),
                event_at=clock.now(),
                at=clock.now(),
                reason="wrong_rate",
            )

    def stands(subject: int) -> dict[str, int]:
        with Scope(system("test", {club.pk}), "bonus_use", frozenset({subject})):
            rows = Balance.objects.filter(subject_id=subject).exclude(balance=0)
            return {KINDS[row.kind].key: row.balance for row in rows}

    correct(kari, -30)
    _earn(club, programme, twin, 50, date(2028, 1, 1))
    _merge(club, twin, kari)
    assert (stands(kari), stands(twin)) == ({}, {"lot": 20}), "merging repays at once, and nothing expires meanwhile"
    correct(twin, -60)
    assert (stands(kari), stands(twin)) == ({}, {"debt": -40})
    correct(kari, 45)
    assert (stands(kari), stands(twin)) == ({"lot": 5}, {}), "whichever earns repays"
    _unmerge(club, twin)
    assert (stands(kari), stands(twin)) == ({"lot": 15}, {"debt": -10}), "each is what it were without the other"
    _merge(club, twin, kari)
    assert _available(kari, club) == 5
    with clock.travel(datetime(2029, 1, 1, 12, tzinfo=UTC)):
        assert sum(one.amount for one in bonus.expire_everywhere()) == 5
    assert prove(kinds=["ledger"], controllers=["nordkai"])[0].finding.status == "kept"


def test_c3_c13_who_leaves_forfeits_what_is_left_after_the_debt_of_either(club: Controller) -> None:
    kari, twin = person(club, given="Kari"), person(club, given="Karianne")
    programme = _chain(club)
    _merge(club, twin, kari)
    _earn(club, programme, kari, 50, date(2028, 1, 1))
    owed = Posting(
        twin, natural_key("owed"), programme.book_id, 30, Account(DEBT, NEVER), Account(CORRECTED), clock.now()
    )
    with Scope(system("test", {club.pk}), "bonus_earning") as scope:
        ledger.post(scope=scope, postings=[owed])  # as a kill between an intake and what follows it leaves it
    assert _available(kari, club) == 20
    left = leave(subject_id=kari, controller_id=club.pk, at=clock.now())
    assert left.forfeited == {programme.chain_id: 20}
    assert _available(kari, club) == 0, "nothing is owed any more"


def test_c3_what_cannot_be_merged_is_refused(club: Controller) -> None:
    kari, ola, siv = (person(club, given=name) for name in ("Kari", "Ola", "Siv"))
    other = person(publish_examples("power")["fjordlys"], "customer", given="Tor")
    register = Subject.objects.get(pk=other).register_id
    assert register != club.register_id
    with Scope(_everyone(club), "membership_administration") as scope, pytest.raises(MergeRefusedError) as caught:
        merging.merge(scope=scope, subject_id=other, into=kari)
    assert caught.value.code == "other-register"
    for alias, own, code in ((kari, kari, "same-subject"), (kari, 12345, "unknown-subject")):
        with pytest.raises((MergeRefusedError, UnknownSubjectError, TillitError)) as refused:
            _merge(club, alias, own)
        assert refused.value.code in {code, "not-assigned"}
    _merge(club, ola, kari)
    for alias, own in ((ola, siv), (siv, ola), (kari, siv)):
        with pytest.raises(MergeRefusedError) as again:
            _merge(club, alias, own)
        assert again.value.code == "merged-already"
    _merge(club, siv, kari)
    assert merging.same_person(ola) == (kari, *sorted((ola, siv)))


def test_c3_a_merge_across_registers_or_into_a_merged_one_is_seen(club: Controller, owner_connection: Any) -> None:
    kari, ola, siv = (person(club, given=name) for name in ("Kari", "Ola", "Siv"))
    (proof,) = prove(kinds=["merges"], controllers=["nordkai"])
    assert proof.finding.status == "kept"
    Subject.objects.filter(pk=ola).update(alias_of_id=kari)
    Subject.objects.filter(pk=siv).update(alias_of_id=ola)
    (proof,) = prove(kinds=["merges"], controllers=["nordkai"])
    assert proof.finding.status == "broken"
    assert "1 people are merged into one who is merged" in proof.finding.faults
    assert "2 merged people of whose merging nothing is on record" in proof.finding.faults


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_c3_whatever_is_merged_and_parted_everybody_is_one_person(
    club: Controller, steps: list[tuple[bool, int, int]]
) -> None:
    """Oracle: who points at whom. Every subject belongs to exactly one person, and an unmerge gives it back."""
    with Scope(_everyone(club), "membership_administration") as scope:
        people = [Subject.objects.create(register_id=club.register_id).id for _ in range(4)]
        points: dict[int, int] = {}
        for joins, one, other in steps:
            alias, own = people[one], people[other]
            fits = alias != own and not {alias, own} & points.keys() and alias not in points.values()
            try:
                if joins:
                    merging.merge(scope=scope, subject_id=alias, into=own)
                    assert fits
                    points[alias] = own
                else:
                    assert merging.unmerge(scope=scope, subject_id=alias) == points.pop(alias)
            except MergeRefusedError:
                assert not fits if joins else alias not in points
            for each in people:
                first = points.get(each, each)
                assert merging.own(each) == first
                assert set(merging.same_person(each)) == {first, *(a for a, o in points.items() if o == first)}
            assert merging.same_people(people) == {each: points.get(each, each) for each in people}


def test_c3_of_two_merges_at_once_that_contradict_each_other_one_stands(fresh_db: TestDatabase) -> None:
    club = publish_examples("bonus")["nordkai"]
    kari, ola = person(club, given="Kari"), person(club, given="Ola")
    start, refused = threading.Barrier(2), []

    def run(alias: int, own: int) -> None:
        try:
            start.wait(60)
            _merge(club, alias, own)
        except MergeRefusedError as error:
            refused.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in ((kari, ola), (ola, kari))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused == ["merged-already"]
    assert len(merging.same_person(kari)) == 2
