"""A large file is taken in on two connections; one that stops says where, and the same again goes on (B1)."""

from pathlib import Path

import pytest

from tests.conftest import TestDatabase
from tests.faces.test_staff import at_work, hire
from tests.support.union import lines_of, take, write
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.files.errors import ImportStoppedError
from tillit.journeys.demo import union_members
from tillit.journeys.files import sending
from tillit.journeys.models import SentBody, SentFile
from tillit.journeys.register import applying
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Cover, Membership, RegisterFile
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.parties.operations import open_fact

MEMBERS = 150


@pytest.fixture
def union(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Controller:
    found = publish_examples("union_benefits")["lyngheim"]
    union_members.found(controller_id=found.pk)
    monkeypatch.setattr(applying, "PAGES", 1)
    return found


def _stands(union: Controller) -> list[int]:
    with Scope(system("test", {union.pk}), "register_import"):
        return [model._default_manager.count() for model in (Membership, Cover, Relationship, Fact, SealedFact)]


def test_b1_new_people_of_a_large_file_are_taken_in_side_by_side(
    union: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=MEMBERS)
    some = write(tmp_path / "some.csv", lines_of(path)[:11])
    assert take(some, union, full=False).difference.joins == 10
    monkeypatch.setattr(applying, "BESIDE", 1)
    elsewhere: set[str] = set()
    taken_out = applying._taken_out
    monkeypatch.setattr(applying, "_taken_out", lambda part: elsewhere.add(part["from"]) or taken_out(part))
    done = take(path, union)
    assert len(elsewhere) > 1, "nothing was handed to another connection"
    assert done.file is not None
    assert (done.difference.joins, done.file.counts["joins"]) == (MEMBERS - 10, MEMBERS - 10)
    assert _stands(union) == [MEMBERS, MEMBERS + MEMBERS // 4, MEMBERS, MEMBERS * 8, MEMBERS]
    assert take(path, union).difference.unchanged == MEMBERS
    numbers = {line.split(";")[1] for line in lines_of(path)[1:]}
    with Scope(system("test", {union.pk}), "register_import") as scope:
        assert {open_fact(scope=scope, fact=one) for one in SealedFact.objects.all()} == numbers


def test_b1_an_import_that_stops_says_where_and_the_same_file_goes_on(
    union: Controller, fresh_db: TestDatabase, tmp_path: Path
) -> None:
    path = union_members.write(tmp_path / "all.csv", members=MEMBERS)
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION full_after() RETURNS boolean LANGUAGE sql VOLATILE AS"
            " 'SELECT count(*) < 60 FROM membership_period'"
        )
        owner.execute("ALTER TABLE membership_period ADD CONSTRAINT no_room CHECK (full_after())")
    with pytest.raises(
        ImportStoppedError, match=r"stopped in phase apply, chunk [2-9]/\d+ \(IntegrityError 23514\)"
    ) as told:
        take(path, union)
    assert told.value.exit_code == 5
    before = _stands(union)[0]
    assert 0 < before < MEMBERS
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE membership_period DROP CONSTRAINT no_room")
    take(path, union)
    assert _stands(union) == [MEMBERS, MEMBERS + MEMBERS // 4, MEMBERS, MEMBERS * 8, MEMBERS]
    assert RegisterFile.objects.get().state == "finished"


def test_b1_the_page_of_a_file_that_stopped_says_so_and_lets_it_go_on(
    union: Controller, fresh_db: TestDatabase, tmp_path: Path
) -> None:
    client = at_work(hire(union, "administrator", "Ada Styrer"))
    path = union_members.write(tmp_path / "all.csv", members=20)
    with path.open("rb") as file:
        page = client.post("/staff/lyngheim/files/", {"for": "members:lyngheim-full", "file": file})["Location"]
    client.post(page, {"act": "confirm"})
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE membership_cover ADD CONSTRAINT no_room CHECK (agreement_id < 0)")
    assert sending.take_in_waiting() == 1
    assert SentFile.objects.get().state == "stopped"
    assert SentBody.objects.count() == 1
    said = client.get(page, headers={"Accept-Language": "en"}).text
    assert "nothing counts twice" in said
    assert "IntegrityError 23514" in said
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE membership_cover DROP CONSTRAINT no_room")
    client.post(page, {"act": "go_on"})
    assert sending.take_in_waiting() == 1
    assert SentFile.objects.get().state == "done"
    assert _stands(union)[0] == 20
