"""``tillit demo`` on fifty households: everything happens, a second run finds it done, other data is left alone."""

import json
import re
import stat
import zipfile
from typing import Any

from tests.support import commands
from tests.support.world import person, publish_examples
from tillit.bonus.models import Programme
from tillit.journeys.demo import story
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger
from tillit.parties.models import Subject
from tillit.platform import paths
from tillit.purchases.models import Purchase


def _demo(fresh_db: Any, *arguments: str) -> tuple[int, str]:
    done = commands.tillit("demo", *arguments, environment=fresh_db.environment, timeout=400)
    return done.returncode, done.stdout + done.stderr


def _trouble(told: str) -> str:
    """What went wrong, before the long story."""
    return "\n".join([line for line in told.splitlines() if "BROKEN" in line or "tillit:" in line] or [told[-2000:]])


def test_the_demo_does_the_main_job_and_a_second_run_finds_it_done(fresh_db: Any) -> None:
    code, told = _demo(fresh_db, "--households", "50")
    assert code == 0, _trouble(told)
    posted = int(re.search(r"(\d+) purchases of members posted", told)[1])  # type: ignore[index]
    assert posted > 20_000
    assert "8 set aside" in told
    for said in ("expired by today", "members used NOK", "now shows -NOK", "members left", "erased", "kept"):
        assert said in told
    assert re.search(r"28\d\d\d hourly values stored; [1-9]\d* months divided", told), "three homes, 400 days"
    for said in ("500 joined", "500 unchanged, nothing was done", "9 moved house, 20 left, 3 rows put aside", "ÆRE"):
        assert (said in told) is (said != "ÆRE"), said
    assert "supplier: valid; a picture of it a minute and a half later: not valid" in told
    assert "said yes: Breakfast on the way, A room at Fjellduft, Hired car" in told
    assert not list((paths.var() / "demo").glob("members*")), "the files hold national numbers"
    assert not re.search(r"BROKEN|Traceback", told)
    folder = paths.var() / "demo"
    assert not (folder / story.FILE).exists(), "the file holds card numbers"
    (copy,) = (paths.var() / "copies").glob("*.zip")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with zipfile.ZipFile(copy) as files:
        answer = json.loads(files.read("data.json"))
    assert {"identity", "purchase", "bonus"} <= {part["category"] for part in answer["data"]}
    register = Programme.objects.values_list("chain__controller_id", flat=True)
    with Scope(system("test", register), "proof"):
        counts = (Purchase.objects.count(), Subject.objects.count(), ledger.unexplained())
        totals = [(line.kind, line.moved) for line in ledger.trial_balance()]
    assert counts[2] == 0
    assert 0 < counts[0] < posted
    code, told = _demo(fresh_db, "--households", "50")
    assert code == 0, _trouble(told)
    assert "an earlier run has enrolled the members" in told
    assert "0 members used" in told
    assert "erased in an earlier run" in told
    assert "an earlier run has furnished 3 homes" in told
    assert "an earlier run has taken in the files" in told
    with Scope(system("test", register), "proof"):
        assert (Purchase.objects.count(), Subject.objects.count(), ledger.unexplained()) == counts
        assert [(line.kind, line.moved) for line in ledger.trial_balance()] == totals


def test_the_demo_leaves_a_database_with_other_people_alone(fresh_db: Any) -> None:
    subject = person(publish_examples("bonus")["nordkai"], given="Kari")
    code, told = _demo(fresh_db, "--households", "5")
    assert code == 2
    assert "this database is in use" in told
    assert Subject.objects.get().pk == subject
