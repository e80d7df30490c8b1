"""A real dump, acts since, a real restore: nothing erased is back, every no holds, sealed values stay shut (H11)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.privacy.backup.conftest import FNR, Town
from tillit.audit.verify import verify as verify_chain
from tillit.consent import operations as consent
from tillit.consent.models import Choice, ConsentEvent, EventKind, Restriction
from tillit.kernel import clock
from tillit.kernel.scope import ScopeError
from tillit.parties import merging, staff
from tillit.parties import operations as parties
from tillit.parties.contacts import record_address
from tillit.parties.errors import SealedValueLostError
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import Fact, Login, Relationship, SealedFact, StaffMember, Subject
from tillit.parties.sealing import open_sealed
from tillit.platform import database
from tillit.privacy import retention
from tillit.privacy.backup import key_store, places, run, segments
from tillit.privacy.backup.restore import Restored
from tillit.privacy.prove.run import prove

Restoring = Callable[..., AbstractContextManager[Restored]]


def _everything(name: str) -> str:
    """Every row of every table, as text, read by the owner past all policies."""
    with database.connect("owner", name=name) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return "\n".join(
            str(row[0]) for (table,) in tables.fetchall() for row in owner.execute(f"SELECT t::text FROM {table} t")
        )


def test_h11_a_dump_holds_everybody_but_no_key_and_comes_back_whole(
    town: Town, dump: Path, restored: Restoring
) -> None:
    before = {
        table: town.owner.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall()
        for table in ("parties_fact", "parties_sealed_fact", "parties_relationship", "parties_directory", "audit_link")
    }
    assert all(before.values())
    body = dump.read_bytes()
    assert not {word for word in (b"kari", b"Kari", b"PGDMP") if word in body}, "it is encrypted"
    with restored(dump) as done:
        with database.connect("owner", name=done.name) as owner:
            for table, rows in before.items():
                assert owner.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() == rows, table
        with town.scope("rights_requests") as scope:
            fact = SealedFact.objects.get(subject_id=town.people["Kari"])
            assert parties.open_fact(scope=scope, fact=fact) == FNR
        assert verify_chain(town.controller.pk).whole
        assert verify_chain(0).whole


def test_h11_what_was_erased_since_the_dump_does_not_come_back(town: Town, dump: Path, restored: Restoring) -> None:
    kari = town.people["Kari"]
    assert "kari@eksempel.example" in _everything(town.name)
    town.leave(kari)
    with clock.travel(clock.now() + timedelta(days=200)):
        # A year's worth of keeping rules lapses for whoever left; the dump is still young enough to be used.
        town.erase("Kari")
        assert "kari@eksempel.example" not in _everything(town.name)
        segments.ship()
        with restored(dump) as done:
            text = _everything(done.name)
            assert "ola@eksempel.example" in text
            assert "kari@eksempel.example" not in text
            with town.scope("rights_requests"):
                assert not Fact.objects.filter(subject_id=kari).exists()
                assert not SealedFact.objects.filter(subject_id=kari).exists()
            assert town.holder("kari@eksempel.example") is None
            assert not Login.objects.filter(subject_id=kari).exists()
            with database.connect("owner", name=done.name) as owner:
                keys = owner.execute("SELECT count(*) FROM parties_data_key WHERE subject_id = %s", [kari]).fetchone()
            assert keys == (0,)
        assert done.replayed.gone > 0
        assert done.replayed.erasures + done.replayed.gone > 0


def test_h11_withdrawals_objections_restrictions_and_corrections_made_since_hold_again(
    town: Town, restored: Restoring
) -> None:
    kari, ola, siv, tor = (town.people[given] for given in ("Kari", "Ola", "Siv", "Tor"))
    controller = town.controller.pk
    for given in ("Kari", "Ola", "Tor"):
        town.say(given, EventKind.GIVEN)
    with town.scope("rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=tor, controller_id=controller, ground="accuracy", at=clock.now())
    dump = run.backup().dump
    town.say("Kari", EventKind.WITHDRAWN)
    town.say("Ola", EventKind.OBJECTED, "customer_service")
    with town.scope("rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=siv, controller_id=controller, ground="claims", at=clock.now())
        consent.lift(scope=scope, subject_id=tor, at=clock.now())
    with town.scope("membership_administration") as scope:
        town.correct(scope, "Kari", "name.given", "Karianne")
        town.correct(scope, "Kari", "name.given", "Karin")
        record_address(
            scope=scope,
            register_id=town.controller.register_id,
            subject_id=kari,
            controller_id=controller,
            kind="email",
            text="karin@eksempel.example",
            source="data_subject",
            at=clock.now(),
        )
    with town.owner.transaction():
        journal = str(town.owner.execute("SELECT array_agg(j::text) FROM parties_journal j").fetchone())
    assert "consent_choice" in journal
    assert not {word for word in ("Karianne", "Karin", "karin@") if word in journal}, "nothing in clear"
    segments.ship()
    with restored(dump) as done:
        assert not done.replayed.lost
        with town.scope("consent_management"):
            assert [c.consented for c in Choice.objects.filter(subject_id=kari)] == [False]
            assert [c.consented for c in Choice.objects.filter(subject_id=ola, activity="newsletter")] == [True]
            assert [c.objected for c in Choice.objects.filter(subject_id=ola, activity="customer_service")] == [True]
        with town.scope("consent_proof"):
            evidence = ConsentEvent.objects.get(subject_id=kari, kind=EventKind.WITHDRAWN).evidence
            assert evidence == "a tick on the own page"
        with town.scope("membership_administration"):
            assert not Fact.objects.filter(subject_id=siv).exists(), "restricted: no activity sees her"
            assert Fact.objects.filter(subject_id=tor).exists(), "lifted: every activity does"
            current = Fact.objects.filter(subject_id=kari, superseded_at__isnull=True)
            assert {f.kind: f.value for f in current if f.kind in {"name.given", "email"}} == {
                "name.given": "Karin",
                "email": "karin@eksempel.example",
            }
            assert Fact.objects.filter(subject_id=kari, kind="name.given").count() == 3
        with town.scope("rights_requests"):
            assert Fact.objects.filter(subject_id=siv).exists()
            assert Restriction.objects.get(subject_id=tor).lifted is not None
        assert town.holder("karin@eksempel.example") == kari
        assert town.holder("kari@eksempel.example") is None, "the old address is no way in any more"
        assert town.holder("ola@eksempel.example") == ola


def test_h11_what_can_no_longer_be_opened_is_removed_and_flagged(town: Town, dump: Path, restored: Restoring) -> None:
    """Kari corrects her name and her phone; the phone is erased: the journal's key goes, and with it the name in it."""
    kari = town.people["Kari"]
    with town.scope("membership_administration") as scope:
        town.correct(scope, "Kari", "name.given", "Karin")
        town.correct(scope, "Kari", "phone", "+4790000001", category="contact")
    town.leave(kari)
    keys = "SELECT count(*) FROM parties_data_key WHERE subject_id = %s AND controller_id = 0"
    assert town.owner.execute(keys, [kari]).fetchone() == (1,)
    town.erase("Kari", categories=frozenset({"contact"}))
    assert town.owner.execute(keys, [kari]).fetchone() == (0,)
    assert not JournalEntry.objects.filter(subject_id=kari, sealed__isnull=False).exists()
    segments.ship()
    with restored(dump) as done:
        assert done.replayed.lost == {"parties_fact: name.given": 1}
        with town.scope("rights_requests"):
            known = {f.kind: f.value for f in Fact.objects.filter(subject_id=kari, superseded_at__isnull=True)}
        assert known == {}, "the wrong name is not used again, the right one is asked for anew, no address is back"
        with database.connect("owner", name=done.name) as owner:
            flags = owner.execute("SELECT subject_id, details FROM audit_event WHERE type = 'row.lost_in_restore'")
            assert flags.fetchall() == [(kari, {"table": "parties_fact", "kind": "name.given"})]


def test_h11_sealed_values_of_an_erased_person_do_not_open_from_an_old_dump(town: Town, restored: Restoring) -> None:
    """Somebody opens the old dump with every key there is by then, and skips the journal."""
    dump = run.backup().dump
    kari, ola = town.people["Kari"], town.people["Ola"]
    town.leave(kari)
    with clock.travel(clock.now() + timedelta(days=200)):
        town.erase("Kari")
        run.backup()
        clock.advance(timedelta(days=1))
        run.backup()
        with town.by_hand(dump) as owner:
            newest = places.listed("keys")[-1]
            assert all(kept.made_at > clock.now() - timedelta(days=2) for kept in places.listed("keys"))
            assert key_store.load(owner=owner, path=newest.path) == 3
            owner.commit()
            rows = dict(owner.execute("SELECT subject_id, sealed FROM parties_sealed_fact").fetchall())
            assert set(rows) == set(town.people.values()), "the dump still holds what was sealed"
            where = {"controller_id": town.controller.pk, "table": "parties_sealed_fact", "column": "sealed"}
            assert open_sealed(subject_id=ola, sealed=rows[ola], **where) == FNR
            with pytest.raises(SealedValueLostError):
                open_sealed(subject_id=kari, sealed=rows[kari], **where)


def test_h11_a_dump_restored_by_hand_opens_to_nobody(town: Town, dump: Path) -> None:
    with town.scope("rights_requests"):
        assert Fact.objects.exists()
    with town.by_hand(dump):
        assert Subject.objects.exists(), "the rows are there"
        with pytest.raises(ScopeError) as refused, town.scope("rights_requests"):
            pass
        assert refused.value.code == "not-open"


def test_h11_staff_who_left_since_stay_out(town: Town, restored: Restoring) -> None:
    made = staff.add(
        email="it@eksempel.example",
        name="Ida Berg",
        controller=town.controller,
        role="it_operations",
        confidentiality=clock.today(),
    )
    dump = run.backup().dump
    staff.end(staff=made)
    segments.ship()
    with restored(dump) as done:
        assert done.replayed.staff == 1
        after = StaffMember.objects.get(pk=made.pk)
        assert after.left == clock.today()
        assert not after.login.is_active
        assert not after.roles.filter(ended__isnull=True).exists()


def test_h11_what_fell_due_since_the_dump_is_gone_before_anyone_may_read(
    town: Town, dump: Path, restored: Restoring
) -> None:
    """Retention disposed of everything of a member who left; a dump of before does not bring any of it back."""
    ola = town.people["Ola"]
    town.leave(ola)
    segments.ship()
    with clock.travel(clock.now() + timedelta(days=360)):
        retention.run()
        segments.ship()
        with town.scope("rights_requests"):
            left = set(Fact.objects.filter(subject_id=ola).values_list("kind", flat=True))
        with restored(dump) as done:
            assert done.replayed.gone or done.disposed
            with town.scope("rights_requests"):
                assert set(Fact.objects.filter(subject_id=ola).values_list("kind", flat=True)) == left
                assert Relationship.objects.get(subject_id=ola).ended is not None
            assert all(proof.finding.status != "broken" for proof in prove(kinds=["retention"]))


def test_h11_merges_made_since_hold_again_and_so_do_erasures_of_merged_people(
    town: Town, dump: Path, restored: Restoring
) -> None:
    kari, ola, siv, tor = (town.people[given] for given in ("Kari", "Ola", "Siv", "Tor"))
    with town.scope("membership_administration") as scope:
        merging.merge(scope=scope, subject_id=ola, into=kari)
        merging.merge(scope=scope, subject_id=tor, into=siv)
        merging.unmerge(scope=scope, subject_id=tor)
    segments.ship()
    with restored(dump) as done:
        assert merging.own(ola) == kari, "one person still"
        assert merging.own(tor) == tor, "parted still"
        assert done.replayed.merges == 3
    for one in (kari, ola):
        town.leave(one)
    with clock.travel(clock.now() + timedelta(days=200)):
        town.erase("Kari")
        segments.ship()
        with restored(dump) as done:
            text = _everything(done.name)
            assert "siv@eksempel.example" in text
            assert "kari@eksempel.example" not in text
            assert "ola@eksempel.example" not in text, "under the other name, too"
            assert not Login.objects.filter(subject_id__in=[kari, ola]).exists()
