"""`tillit backup` and `tillit restore`, as an operator runs them (H11)."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.support import commands, databases
from tests.support.world import person, publish_examples


def _tillit(fresh_db: TestDatabase, *arguments: str) -> subprocess.CompletedProcess[str]:
    return commands.tillit(*arguments, environment=fresh_db.environment)


@pytest.fixture
def beside(fresh_db: TestDatabase):  # type: ignore[no-untyped-def]
    name = f"{fresh_db.name}_c"
    yield name
    databases.drop(name)


def test_h11_an_operator_backs_up_lists_verifies_and_restores(fresh_db: TestDatabase, beside: str) -> None:
    kari = person(publish_examples("union_benefits")["lyngheim"], given="Kari")
    assert "there is no backup yet" in _tillit(fresh_db, "backup", "list").stdout
    made = _tillit(fresh_db, "backup", "--keep", "P30D")
    assert made.returncode == 0, made.stderr
    dump = Path(made.stdout.split("dump: ")[1].split(" (")[0])
    listed = _tillit(fresh_db, "backup", "list").stdout
    assert dump.name in listed
    assert "newest dump: 0 hours old" in listed
    verified = _tillit(fresh_db, "backup", "verify", str(dump))
    assert verified.returncode == 0
    assert verified.stdout.startswith("whole:")

    refused = _tillit(fresh_db, "restore", str(dump))
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    done = _tillit(fresh_db, "restore", str(dump), "--into", beside)
    assert done.returncode == 0, done.stderr
    assert f"database {beside}: open, as of" in done.stdout
    with TestDatabase(beside).connect("owner") as owner:
        assert owner.execute("SELECT count(*) FROM parties_fact WHERE subject_id = %s", [kari]).fetchone() == (1,)
    proved = _tillit(TestDatabase(beside), "prove", "--controller", "lyngheim")
    assert proved.returncode == 0, proved.stdout

    dump.write_bytes(dump.read_bytes()[:-1])
    broken = _tillit(fresh_db, "backup", "verify", str(dump))
    assert broken.returncode == 1
    assert "changed or cut short" in broken.stderr
    assert _tillit(fresh_db, "backup", "--keep", "soon").returncode == 2
