"""Runs of retention: audited, one at a time, resumed after a death, with a report (H10, A9)."""

import json
from datetime import date

import pytest

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run as command
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.models import Fact, Login, RelationshipSum, Session
from tillit.privacy import retention, sweep
from tillit.privacy.models import RetentionRun

LEFT, LATER = date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def club(db: None) -> Controller:
    return publish_examples("bonus")["rundtur"]


def _leave(controller: Controller, subject: int, kind: str = "member") -> None:
    activity = "membership_administration" if kind == "member" else "customer_administration"
    with Scope(system("test", {controller.pk}), activity) as scope:
        parties.end_relationship(
            scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, ended=LEFT, reason="left"
        )


def test_h10_a9_each_part_of_a_run_leaves_its_event_and_a_rehearsal_says_it_was_one(club: Controller) -> None:
    _leave(club, person(club, given="Kari"))
    with clock.travel(LATER):
        rehearsed, made = retention.run(dry_run=True), retention.run()
    with Scope(system("test", {club.pk}), "security_log"):
        parts = Event.objects.filter(type="retention.run")
        assert {(e.details["table"], e.details["category"], e.details["rows"]) for e in parts} == {
            ("parties_fact", "identity", 1),
            ("parties_relationship", "relationship", 1),
            ("parties_login", "login", 1),
        }
        assert {e.batch for e in parts} == {made.pk}
        ends = Event.objects.filter(type="retention.finished", controller_id=club.pk)
        assert {(e.batch, e.details["rows"], e.details["dry"]) for e in ends} == {
            (rehearsed.pk, 3, True),
            (made.pk, 3, False),
        }


def test_h10_of_two_runs_at_once_the_second_is_refused_and_says_why(fresh_db: TestDatabase) -> None:
    club = publish_examples("bonus")["rundtur"]
    _leave(club, person(club, given="Kari"))
    with clock.travel(LATER), fresh_db.connect("app", autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [retention._ONE_AT_A_TIME])
        assert retention.run(dry_run=True).results.count() == 3, "a rehearsal may look"
        with pytest.raises(TillitError) as refused:
            retention.run()
        assert refused.value.code == "retention-running"
        other.execute("SELECT pg_advisory_unlock(%s)", [retention._ONE_AT_A_TIME])
        assert retention.run().results.count() == 3
        assert retention.run().results.count() == 0, "and lets go when it is through"


def test_h10_a_run_that_died_is_made_up_for_by_the_next(
    fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    club = publish_examples("bonus")["rundtur"]
    people = [person(club, given=f"Kari{n}") for n in "abcde"]
    for one in people:
        _leave(club, one)
    with clock.travel(LATER):
        monkeypatch.setattr(retention, "CHUNK", 2)
        real, calls = retention.dispose_rows, iter(range(100))

        def dies(table: object, *, anonymise: bool) -> None:
            if next(calls) == 2:
                raise KeyboardInterrupt
            real(table, anonymise=anonymise)  # type: ignore[arg-type]

        with monkeypatch.context() as killed:
            killed.setattr(retention, "dispose_rows", dies)
            with pytest.raises(KeyboardInterrupt):
                retention.run()
        died = RetentionRun.objects.get()
        assert died.finished_at is None
        assert sum(died.results.values_list("rows", flat=True)) == 4, "two chunks of two were through"
        with Scope(system("test", {club.pk}), "rights_requests"):
            assert Fact.objects.count() == 1
        again = retention.run()
        assert again.resumes == died
        assert dict(again.results.values_list("table", "rows"))["parties_fact"] == 1
        assert retention.run().resumes is None


def test_h10_progress_goes_through_every_phase_to_its_end(club: Controller) -> None:
    said: list[tuple[str, int, int]] = []
    retention.run(progress=lambda *step: said.append(step))
    assert list(dict.fromkeys(phase for phase, _, _ in said)) == ["archive", "dispose", "tidy"]
    for phase in ("archive", "dispose", "tidy"):
        steps = [(done, total) for name, done, total in said if name == phase]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1] > 0


@pytest.fixture
def left(fresh_db: TestDatabase) -> Controller:
    club = publish_examples("bonus")["rundtur"]
    _leave(club, person(club, given="Kari"))
    return club


def test_h10_the_rehearsals_report_is_a_table_json_or_csv(left: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--dry-run", "--at", "2026-12-31"]
    assert command(["retain", *at, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["as_of"], report["dry_run"], report["total"]) == ("2026-12-31", True, 3)
    assert {
        "controller": "rundtur",
        "category": "identity",
        "table": "parties_fact",
        "disposal": "erase",
        "rows": 1,
    } in (report["rows"])
    assert command(["retain", *at, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "controller,category,table,disposal,rows"
    assert "rundtur,identity,parties_fact,erase,1" in lines
    assert command(["retain", *at]) == 0
    assert "would go" in capsys.readouterr().out


# Logins, which are the register's.


def test_h10_d10_a_login_goes_with_its_own_rule_and_sessions_with_it(db: None) -> None:
    """Three months after the relationship ended, so that a mistaken ending can be undone; to the day."""
    company = publish_examples("loyalty_services")["trygghavn"]
    kari, ola = person(company, "customer", given="Kari"), person(company, "customer", given="Ola")
    login = Login.objects.get(subject_id=kari)
    Session.objects.create(session_key="k" * 32, session_data="", expire_date="2027-01-01T00:00Z", login=login)
    _leave(company, kari, "customer")
    with clock.travel(date(2026, 4, 30)):
        retention.run()
        assert Login.objects.filter(subject_id=kari).exists(), "the day before"
        assert Session.objects.exists()
    with clock.travel(date(2026, 5, 1)):
        overdue = [(actor, plan) for actor, plan in retention.all_plans(clock.today()) if plan.people]
        assert [retention.due_count(actor, plan, clock.today()) for actor, plan in overdue] == [1]
        retention.run()
        assert not Login.objects.filter(subject_id=kari).exists()
        assert not Session.objects.exists()
        assert Login.objects.filter(subject_id=ola).exists()


def test_h10_a1_a_login_stays_while_any_club_of_the_register_needs_it(db: None) -> None:
    clubs = publish_examples("bonus")
    kari = person(clubs["rundtur"], given="Kari")
    with Scope(system("test", {clubs["skogheim"].pk}), "membership_administration", frozenset({kari})) as scope:
        parties.relate(
            scope=scope, subject_id=kari, controller_id=clubs["skogheim"].pk, kind="member", started=date(2026, 1, 2)
        )
    _leave(clubs["rundtur"], kari)
    with clock.travel(LATER):
        retention.run()
        assert Login.objects.filter(subject_id=kari).exists()
    _leave(clubs["skogheim"], kari)
    with clock.travel(LATER):
        retention.run()
        assert not Login.objects.filter(subject_id=kari).exists()


def test_h10_failed_jobs_go_after_a_month_and_waiting_ones_stay(fresh_db: TestDatabase) -> None:
    publish_examples("bonus")
    with fresh_db.connect("owner", autocommit=True) as owner:
        for status in ("failed", "todo"):
            job = owner.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', %s) RETURNING id",
                [status],
            ).fetchone()
            owner.execute("UPDATE procrastinate_events SET at = '2026-01-01' WHERE job_id = %s", [job[0]])
            owner.execute(
                "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'failed', '2026-01-01')", [job[0]]
            )
        sweep.lapsed_elsewhere(on=date(2026, 1, 30))
        assert owner.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (2,)
        sweep.lapsed_elsewhere(on=date(2026, 2, 1))
        assert owner.execute("SELECT status FROM procrastinate_jobs").fetchall() == [("todo",)]


# Anonymising: figures stay, people do not.


def test_h10_h14_who_left_is_only_counted_and_never_in_a_group_too_small(club: Controller) -> None:
    for n in range(12):
        _leave(club, person(club, given=f"Kari{'abcdefghijkl'[n]}"))
    lone = person(club, given="Ola")
    with clock.travel(LATER):
        retention.run()
    found = RelationshipSum.objects.get()
    assert (found.controller_id, found.kind, found.grain, found.period) == (club.pk, "member", "month", LEFT)
    assert (found.ended, found.days) == (12, 12 * 31)
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=lone, controller_id=club.pk, kind="member", ended=date(2026, 5, 5), reason="left"
        )
    with clock.travel(date(2026, 6, 1)):
        retention.run()
    assert RelationshipSum.objects.get().ended == 12, "one alone is not kept as a figure"
