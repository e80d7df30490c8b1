"""What a backup and a restore refuse, and that nothing half-restored is left or readable (H11)."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.privacy.backup.conftest import Town
from tillit.audit import events
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.parties.journal_models import JournalEntry
from tillit.platform import database, programs, secret_marks
from tillit.platform.errors import ProgramError, SecretError
from tillit.privacy.backup import archive, key_store, places, run, segments
from tillit.privacy.backup.restore import restore
from tillit.privacy.errors import BackupError
from tillit.privacy.models import BackupRun


def _refused(code: str, work: Callable[[], object]) -> str:
    with pytest.raises(BackupError) as refused:
        work()
    assert refused.value.code == code
    return refused.value.message


def _nothing_left(town: Town) -> None:
    with database.connect("admin", name="postgres") as admin:
        found = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{town.name}_r%"]).fetchall()
    assert found == []


def _altered(dump: Path, place: int) -> Path:
    body = bytearray(dump.read_bytes())
    body[place] ^= 1
    changed = dump.with_name("changed.dump")
    changed.write_bytes(body)
    return changed


def test_h11_a_changed_cut_or_foreign_file_is_refused_and_leaves_nothing(
    town: Town, dump: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"{town.name}_r"
    size = dump.stat().st_size
    for place in (90, size // 2, size - 1):
        said = _refused("damaged", lambda place=place: restore(path=_altered(dump, place), name=name))
        assert "changed" in said
    short = tmp_path / "short.dump"
    short.write_bytes(dump.read_bytes()[: size // 2])
    _refused("damaged", lambda: restore(path=short, name=name))
    other = tmp_path / "other.dump"
    other.write_bytes(b"PGDMP" + os.urandom(200))
    assert "not a file that Tillit sealed" in _refused("damaged", lambda: restore(path=other, name=name))
    monkeypatch.setenv("TILLIT_SECRET_BACKUP", "A" * 43 + "=")
    assert "another key" in _refused("damaged", lambda: restore(path=dump, name=name))
    _nothing_left(town)


def test_h11_a_dump_whose_sealed_values_the_secrets_at_hand_would_not_open_is_refused(
    town: Town, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(archive.check(dump).secrets) == set(secret_marks.SEALED_WITH)
    monkeypatch.setenv("TILLIT_SECRET_DIGEST_ROOT", "A" * 43 + "=")
    with pytest.raises(SecretError, match="filled with other secrets: digest_root"):
        restore(path=dump, name=f"{town.name}_r")
    monkeypatch.delenv("TILLIT_SECRET_DIGEST_ROOT")
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION", "A" * 43 + "=")
    _refused("other-key", lambda: restore(path=dump, name=f"{town.name}_r"))
    _nothing_left(town)


def test_h11_a_restore_that_fails_at_any_step_leaves_nothing(
    town: Town, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tillit.privacy.backup import restore as steps

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    for step in ("_load", "_load_keys", "enforce_all", "replay", "_take_name"):
        with monkeypatch.context() as patch:
            patch.setattr(steps, step, fails)
            with pytest.raises(RuntimeError):
                restore(path=dump, name=f"{town.name}_r")
        _nothing_left(town)


def test_h11_the_application_may_not_enter_while_a_restore_runs(
    town: Town, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tillit.privacy.backup import restore as steps

    tried = []

    def look(*_: object, **__: object) -> None:
        for login in ("app", "backup"):
            with pytest.raises(psycopg.OperationalError, match="CONNECT"):
                psycopg.connect(database.place(f"{town.name}_r_restoring").address(login))
            tried.append(login)
        raise RuntimeError

    monkeypatch.setattr(steps, "replay", look)
    with pytest.raises(RuntimeError):
        restore(path=dump, name=f"{town.name}_r")
    assert tried == ["app", "backup"]


def test_h11_a_database_that_holds_anything_is_not_overwritten(town: Town, dump: Path) -> None:
    said = _refused("occupied", lambda: restore(path=dump, name=town.name))
    assert "--into" in said
    assert town.owner.execute("SELECT count(*) > 0 FROM parties_fact").fetchone() == (True,)


def test_h11_a_dump_is_used_no_longer_than_promised(town: Town, dump: Path) -> None:
    with clock.travel(clock.now() + timedelta(days=367)):
        _refused("lapsed", lambda: restore(path=dump, name=f"{town.name}_r"))
        made = run.backup()
        assert made.removed == (dump.name,)
        assert not dump.exists()
    assert BackupRun.objects.get(file=dump.name).removed_at is not None


def test_h11_keys_are_needed_unless_given_up_in_so_many_words(town: Town, dump: Path) -> None:
    for kept in places.listed("keys"):
        kept.path.rename(kept.path.with_name("elsewhere"))
    _refused("no-keys", lambda: restore(path=dump, name=f"{town.name}_r"))


def test_h11_a_missing_journal_file_is_seen(town: Town, dump: Path) -> None:
    for given in ("Kari", "Ola", "Siv"):
        town.leave(town.people[given])
        assert segments.ship() > 0
    found = segments.listed()
    assert len(found) >= 3
    found[-2][2].rename(found[-2][2].with_suffix(".away"))
    assert "lacks" in _refused("journal-gap", lambda: restore(path=dump, name=f"{town.name}_r"))
    found[-2][2].write_bytes(found[-1][2].read_bytes())
    assert "another segment" in _refused("damaged", lambda: restore(path=dump, name=f"{town.name}_r"))


def test_h11_the_journal_is_shipped_once_merged_and_pruned_with_its_dumps(town: Town) -> None:
    for given in ("Kari", "Ola", "Siv"):
        town.leave(town.people[given])
        assert segments.unshipped_since() is not None
        assert segments.ship() > 0
        assert segments.ship() == 0
    assert segments.unshipped_since() is None
    texts = [line for one in segments.listed() for line in segments.entries(one)]
    assert len(texts) == len(set(texts)) == JournalEntry.objects.count()
    assert segments.merge() == 3
    assert segments.merge() == 0
    assert [line for one in segments.listed() for line in segments.entries(one)] == texts
    assert len(segments.listed()) == 1
    assert segments.prune(before=clock.now() - timedelta(days=1)) == 0
    town.leave(town.people["Tor"])
    segments.ship()
    assert segments.prune(before=clock.now() + timedelta(days=1)) == len(texts) + 1
    assert len(segments.listed()) == 1, "the last segment stays: it carries the count on"
    assert segments.last() == 4


def test_h11_row_security_never_filters_a_dump_unseen(town: Town) -> None:
    name = "tillit_backup ON parties_fact"
    for break_it, mend_it in (
        (f"DROP POLICY {name}", f"CREATE POLICY {name} FOR SELECT TO tillit_backup USING (true)"),
        (f"ALTER POLICY {name} USING (state = 0)", f"ALTER POLICY {name} USING (true)"),
        (
            "CREATE POLICY less ON parties_fact AS RESTRICTIVE FOR SELECT TO PUBLIC USING (state = 0)",
            "DROP POLICY less ON parties_fact",
        ),
    ):
        town.owner.execute(break_it)
        assert "parties_fact" in _refused("filtered", run.backup)
        assert places.listed("dump") == []
        town.owner.execute(mend_it)
    assert run.backup().rows > 0


def test_h11_the_role_that_dumps_reads_everything_but_keys_and_writes_nothing(town: Town) -> None:
    with database.connect("backup", name=town.name, autocommit=True) as reader:
        assert reader.execute("SELECT count(*) > 0 FROM parties_fact").fetchone() == (True,)
        for table in ("parties_data_key", "parties_journal", "parties_session"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"SELECT FROM {table}")
        for table in ("parties_fact", "audit_event", "declaration_version"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"DELETE FROM {table}")


def test_h11_what_is_kept_may_be_shorter_than_promised_never_longer(town: Town, dump: Path) -> None:
    _refused("kept-too-long", lambda: run.backup(kept=IsoPeriod.parse("P2Y")))
    with clock.travel(clock.now() + timedelta(days=40)):
        assert run.backup(kept=IsoPeriod.parse("P30D")).removed == (dump.name,)


def test_h11_a_backup_is_read_back_recorded_and_put_on_the_trail(town: Town) -> None:
    made = run.backup()
    assert archive.check(made.dump).tables["parties_fact"] == 12
    assert key_store.check(made.keys) == made.held_keys == 4
    for kind in ("dump", "keys"):
        row = BackupRun.objects.get(kind=kind)
        assert row.verified_at is not None
        assert row.sha256 == places.sha256(places.folder(kind) / row.file)
    with town.owner.transaction():
        seen = town.owner.execute("SELECT count(*) FROM audit_event WHERE type = %s", [events.BACKUP_MADE.key])
        assert seen.fetchone() == (2,)


def test_programs_that_are_missing_too_old_or_fail_say_what_to_do(
    town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ProgramError, match="version 99 or later"):
        programs.refuse_older("pg_dump", server=990000)
    with pytest.raises(ProgramError, match="pg_dump failed"):
        list(programs.output("pg_dump", ["--table=no_such"], where=database.place(town.name), login="backup"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs.postgres, "binaries", lambda: tmp_path)
    with pytest.raises(ProgramError, match="postgresql-client"):
        programs.find("pg_dump")
