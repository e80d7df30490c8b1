"""A real dump, acts since, a real restore: nothing erased is back, every no holds, sealed values stay shut (H11)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.privacy.backup.conftest import FNR, Town
from tillit.audit.verify import verify as verify_chain
from tillit.kernel import clock
from tillit.parties import digests, directories
from tillit.parties import operations as parties
from tillit.parties.models import Fact, Login, SealedFact
from tillit.platform import database
from tillit.privacy.backup import segments
from tillit.privacy.backup.restore import Restored
from tillit.privacy.erasure import erase

Restoring = Callable[..., AbstractContextManager[Restored]]


def _everything(name: str) -> str:
    """Every row of every table, as text, read by the owner past all policies."""
    with database.connect("owner", name=name) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return "\n".join(
            str(row[0]) for (table,) in tables.fetchall() for row in owner.execute(f"SELECT t::text FROM {table} t")
        )


def _erase(town: Town, given: str, **options: Any) -> None:
    erase(
        actor=town.system(),
        subject_id=town.people[given],
        ground="consent_withdrawn",
        at=clock.now(),
        **options,
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
    with town.scope("membership_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=kari,
            controller_id=town.controller.pk,
            kind="member",
            ended=clock.today(),
            reason="left",
        )
    with clock.travel(clock.now() + timedelta(days=200)):
        # A year's worth of keeping rules lapses for whoever left; the dump is still young enough to be used.
        _erase(town, "Kari")
        assert "kari@eksempel.example" not in _everything(town.name)
        segments.ship()
        with restored(dump) as done:
            text = _everything(done.name)
            assert "ola@eksempel.example" in text
            assert "kari@eksempel.example" not in text
            with town.scope("rights_requests"):
                assert not Fact.objects.filter(subject_id=kari).exists()
                assert not SealedFact.objects.filter(subject_id=kari).exists()
            found = directories.resolve(
                register_id=town.controller.register_id,
                kind=digests.Kind.EMAIL,
                digest=town.digest("kari@eksempel.example"),
            )
            assert found is None
            assert not Login.objects.filter(subject_id=kari).exists()
            with database.connect("owner", name=done.name) as owner:
                keys = owner.execute("SELECT count(*) FROM parties_data_key WHERE subject_id = %s", [kari]).fetchone()
            assert keys == (0,)
        assert done.replayed.gone > 0
        assert done.replayed.erasures + done.replayed.gone > 0
