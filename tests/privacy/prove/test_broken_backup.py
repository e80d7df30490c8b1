"""Backups that stop, rot, stay too long or would bring back what people undid: each is seen (H11)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.privacy.prove.conftest import Installation
from tests.support import databases
from tillit.consent.operations import restrict
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import record_fact
from tillit.privacy.backup import places, run, segments
from tillit.privacy.backup.restore import restore
from tillit.privacy.erasure import erase
from tillit.privacy.models import BackupRun
from tillit.privacy.prove.run import prove

KEY = "fjordlys"


@pytest.fixture(scope="module")
def backed_up(live: Installation) -> Installation:
    for kind in ("backup_made", "backup_kept", "backup_journal"):
        assert live.states(kind, KEY) == {"not_provable"}, "nothing has been due yet"
    with clock.travel(clock.now() + timedelta(days=2)):
        assert live.states("backup_made", KEY) == {"broken"}, "nothing was made though it was due"
    run.backup()
    controller, kari, ola = live.controllers[KEY], live.people[KEY, "Kari"], live.people[KEY, "Ola"]
    actor = system("test", [controller.pk])
    with Scope(actor, "rights_requests") as scope:
        restrict(scope=scope, subject_id=ola, controller_id=controller.pk, ground="claims", at=clock.now())
    with Scope(actor, "customer_administration") as scope:
        record_fact(
            scope=scope,
            subject_id=kari,
            controller_id=controller.pk,
            category="identity",
            kind="name.given",
            value="Karin",
            source="data_subject",
            at=clock.now(),
        )
    erase(
        actor=actor,
        subject_id=kari,
        ground="consent_withdrawn",
        at=clock.now(),
        categories=frozenset({"marketing_contact"}),
    )
    segments.ship()
    run.copy_keys()
    return live


@pytest.fixture(autouse=True)
def _whole(backed_up: Installation) -> Iterator[None]:
    for kind in ("backup_made", "backup_kept", "backup_journal"):
        assert backed_up.states(kind, KEY) == {"kept"}
    yield
    for kind in ("backup_made", "backup_kept", "backup_journal"):
        assert backed_up.states(kind, KEY) == {"kept"}


def _fault(live: Installation, kind: str) -> str:
    (proof,) = live.proofs(kind, controller=KEY)
    assert proof.finding.status == "broken"
    return "; ".join(proof.finding.faults)


@contextmanager
def _without(path: Path) -> Iterator[None]:
    away = path.with_name("away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


def test_h11_backups_that_stopped_are_seen(backed_up: Installation) -> None:
    with clock.travel(clock.now() + timedelta(days=3)):
        assert "the newest dump was made on" in _fault(backed_up, "backup_made")


def test_h11_a_dump_that_changed_on_disk_is_seen(backed_up: Installation) -> None:
    (dump,) = places.listed("dump")
    body = dump.path.read_bytes()
    dump.path.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    assert "not the file that was made" in _fault(backed_up, "backup_made")
    dump.path.write_bytes(body)


def test_h11_a_dump_nobody_read_back_and_keys_nobody_copied_are_seen(backed_up: Installation) -> None:
    runs = BackupRun.objects.filter(kind="dump")
    before = runs.get().verified_at
    runs.update(verified_at=None)
    assert "never read back" in _fault(backed_up, "backup_made")
    runs.update(verified_at=before)
    with _without(places.folder("keys")):
        assert "keys were not copied" in _fault(backed_up, "backup_made")


def test_h11_a_dump_that_is_kept_too_long_or_gone_too_soon_is_seen(backed_up: Installation) -> None:
    with clock.travel(clock.now() + timedelta(days=368)):
        assert "is older than P1Y" in _fault(backed_up, "backup_kept")
    with _without(places.listed("dump")[0].path):
        assert "is missing" in _fault(backed_up, "backup_kept")


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("relation = 'consent_restriction'", "restrictions"),
        ("relation = 'parties_fact'", "corrections"),
        ("kind = 'erasure'", "erasures"),
    ],
)
def test_h11_an_act_the_journal_lost_is_seen(backed_up: Installation, entry: str, what: str) -> None:
    with backed_up.undone("parties_journal"):
        backed_up.owner.execute(f"DELETE FROM parties_journal WHERE {entry}")
        assert f"of {what} are not in the journal" in _fault(backed_up, "backup_journal")


def test_h11_journal_files_that_are_gone_or_behind_are_seen(backed_up: Installation) -> None:
    directory = places.folder("journal")
    with _without(directory):
        assert "the journal's files are gone" in _fault(backed_up, "backup_journal")
    with backed_up.undone("parties_journal"):
        backed_up.owner.execute("UPDATE parties_journal SET shipped = false")
        with clock.travel(clock.now() + timedelta(hours=1)):
            assert "has not been written to its files" in _fault(backed_up, "backup_journal")


def test_h11_a_restored_installation_keeps_every_promise(backed_up: Installation) -> None:
    """Every table of every example: dumped, restored, replayed, and proved anew."""
    name = f"{backed_up.owner.info.dbname}_r"
    done = restore(path=places.listed("dump")[-1].path, name=name)
    before = databases.repoint(name)
    try:
        assert done.replayed.rows > 0
        assert done.replayed.erasures == 1
        assert not done.replayed.lost, "the keys were copied since"
        proofs = prove()
        broken = [(p.promise.controller, p.promise.path, p.finding.why) for p in proofs if p.finding.status == "broken"]
        assert broken == []
        assert sum(p.finding.status == "kept" for p in proofs) > 900
    finally:
        databases.repoint(before)
        databases.drop(name)


def test_h11_backups_that_others_may_read_or_that_lack_a_level_are_seen(backed_up: Installation) -> None:
    (dump,) = places.listed("dump")
    assert backed_up.states("backup_apart", KEY) == {"kept"}
    dump.path.chmod(0o644)
    try:
        assert _at(backed_up, "backup.readers") == f"{dump.path.name} can be read by other users of the machine"
    finally:
        dump.path.chmod(0o600)
    stores: tuple[places.Store, ...] = ("keys", "journal")
    for store in stores:
        there = [path for path in places.folder(store).iterdir() if path.is_file() and path.suffix]
        away = [path.rename(path.with_suffix("")) for path in there]
        try:
            assert _at(backed_up, "backup.levels") == f"there is nothing in the place of the {store}"
        finally:
            for path, named in zip(away, there, strict=True):
                path.rename(named)
    assert backed_up.states("backup_apart", KEY) == {"kept"}


def _at(live: Installation, place: str) -> str:
    (found,) = [one.finding for one in live.proofs("backup_apart", controller=KEY) if one.promise.path == place]
    assert found.status == "broken"
    return found.why
