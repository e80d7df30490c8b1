"""Follow-up of members: movement, cohorts, and figures that may go to others (B9)."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import cards, enrolment, follow_up, follow_up_releases
from tillit.membership.card_models import AppCount
from tillit.parties.models import Relationship
from tillit.parties.operations import create_subject, end_relationship

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Controller:
    return publish_examples("union_benefits")["lyngheim"]


def _leaves(union: Controller, subject: int, on: date, reason: str, *, archived: bool = False) -> None:
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        end_relationship(
            scope=scope, subject_id=subject, controller_id=union.pk, kind="member", ended=on, reason=reason
        )
    if archived:
        with Scope(system("test", {union.pk}), "retention"):
            Relationship.objects.filter(subject_id=subject).update(state=2)


def test_b9_movement_cohorts_and_what_may_go_to_others(union: Controller) -> None:
    with clock.travel(date(2026, 6, 15)):
        old = [person(union, started=date(2024, 2, 1)) for _ in range(6)]
        new = [person(union, started=date(2026, 5, day)) for day in range(1, 13)]
        _leaves(union, old[0], date(2025, 3, 1), "own_wish", archived=True)
        _leaves(union, old[1], date(2026, 5, 1), "unpaid", archived=True)
        _leaves(union, new[0], date(2026, 5, 20), "transferred")
        with Scope(system("test", {union.pk}), "statistics"):
            assert Relationship.objects.count() == 16, "the archive is closed to statistics"
            months = follow_up.movement(controller_id=union.pk, start=date(2026, 4, 1), end=date(2026, 7, 1))
            cohorts = follow_up.cohorts(controller_id=union.pk, today=clock.today())
        april, may, june = months
        assert (april.standing, may.joined, may.gone, june.standing) == (5, 12, 2, 15)
        assert may.left == {"resigned": 0, "transferred": 1, "lapsed": 1, "excluded": 0, "deceased": 0}
        assert [(c.year, c.people, c.later) for c in cohorts] == [(2026, 12, {}), (2024, 6, {1: 6, 2: 5})]
        for activity, who in (("membership_administration", union.pk), ("statistics", union.pk + 1)):
            scope = Scope(system("test", {union.pk}), activity)
            with pytest.raises(DatabaseError), transaction.atomic(), scope, connection.cursor() as cursor:
                cursor.execute("SELECT * FROM follow_up_cohorts(%s, %s)", [who, clock.today()])


def test_b9_cards_are_counted_in_the_month_they_were_issued_whatever_becomes_of_them(union: Controller) -> None:
    def issued(people: dict[int, int | None]) -> dict[int, int | None]:
        with Scope(system("test", {union.pk}), "membership_card") as scope:
            return {
                who: cards.issue(
                    scope=scope, subject_id=who, controller_id=union.pk, device=True, held=held, at=clock.now()
                ).card_id
                for who, held in people.items()
            }

    def by_month() -> list[int]:
        with Scope(system("test", {union.pk}), "statistics"):
            found = follow_up.movement(controller_id=union.pk, start=date(2026, 1, 1), end=date(2026, 4, 1))
        return [one.cards_app for one in found]

    with clock.travel(date(2026, 1, 15)):
        held = issued(dict.fromkeys([person(union, started=date(2025, 1, 1)) for _ in range(10)]))
    assert by_month() == [10, 0, 0]
    with clock.travel(date(2026, 3, 10)):
        assert issued(held) == held, "renewed"
        issued({person(union, started=date(2025, 1, 1)): None})
    assert by_month() == [10, 0, 1]


def test_b9_the_page_shows_figures_and_charts_and_its_file_names_no_few(union: Controller) -> None:
    person(union, started=clock.today())
    desk = at_work(hire(union, role="administrator"))
    page = desk.get("/staff/lyngheim/follow-up/", headers={"Accept-Language": "en"}).text
    assert "Fewer than 10 members now" in page
    assert "under 10" in page
    for which in ("movement", "members"):
        assert b"<svg" in desk.get(f"/staff/lyngheim/follow-up/{which}.svg").content
    assert desk.get("/staff/lyngheim/follow-up/figures.csv").text.splitlines() == [
        "month,what,type,section,people_at_least"
    ]
    other = at_work(hire(union, role="marketing", name="Mia Vakt"))
    assert other.get("/staff/lyngheim/follow-up/").status_code == 404


def test_b9_each_month_that_is_over_is_released_once_by_type_and_section_without_few(union: Controller) -> None:
    union_members.found(controller_id=union.pk)
    with clock.travel(date(2026, 6, 15)):
        assert follow_up_releases.release_everywhere() == 0, "nobody has come in yet"
        for section, kind, people in (("S01", "A", 14), ("S02", "A", 12), ("S02", "P", 3), ("S03", "L", 4)):
            for _ in range(people):
                _joins(union, date(2026, 5, 4), kind, section)
        assert follow_up_releases.release_everywhere() == 12
        assert follow_up_releases.release_everywhere() == 0
        late = _joins(union, date(2026, 5, 5), "A", "S01")
        assert follow_up_releases.release_everywhere() == 0, "what was released stays as it was"
        found = follow_up_releases.released(controller_id=union.pk)
        assert {one.month for one in found} == {date(2026, 5, 1)}
        joined = {(one.type, one.section): one.people for one in found if one.what == "joined"}
        assert joined["Yrkesaktiv", "Avdeling 1"] == 10
        assert not {section for _, section in joined} & {"Avdeling 3"}, "four are too few to stand alone"
        assert sum(joined.values()) <= 33
        assert all(one.people >= 10 and one.people % 5 == 0 for one in found)
        desk = at_work(hire(union, role="administrator"))
        page = desk.get("/staff/lyngheim/follow-up/", headers={"Accept-Language": "en"}).text
        assert "Released of 2026-05" in page
        rows = desk.get("/staff/lyngheim/follow-up/figures.csv").text.splitlines()
        assert "2026-05,joined,Yrkesaktiv,Avdeling 1,10" in rows
    with clock.travel(date(2026, 7, 14)):
        _leaves(union, late, date(2026, 6, 20), "unpaid")
        assert follow_up_releases.release_everywhere() == 0, "June is not told of in full yet"
    with clock.travel(date(2026, 7, 15)):
        assert follow_up_releases.release_everywhere() == 1
        june = [one for one in follow_up_releases.released(controller_id=union.pk) if one.month == date(2026, 6, 1)]
        assert june
        assert not [one for one in june if one.left], "one who left is nobody's business"


def _joins(union: Controller, day: date, kind: str, section: str) -> int:
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        subject = create_subject(scope=scope, register_id=union.register_id)
        terms = enrolment.Terms(type=kind, section=section)
        enrolment.begin(
            scope=scope, subject_id=subject, controller_id=union.pk, terms=terms, joined=day, source="union"
        )
    return subject


def test_b11_an_installation_of_the_app_is_a_number_a_month_and_holds_nobody(union: Controller, client: Client) -> None:
    assert "/lyngheim/app/installed/" in client.get("/lyngheim/").text
    for n in range(12):
        answer = client.post("/lyngheim/app/installed/", REMOTE_ADDR=f"192.0.2.{n}")
        assert (answer.status_code, answer.content, answer.cookies.output()) == (204, b"", "")
    for refused in ({"HTTP_SEC_GPC": "1"}, {"HTTP_DNT": "1"}, {"HTTP_SEC_FETCH_SITE": "cross-site"}):
        client.post("/lyngheim/app/installed/", REMOTE_ADDR="192.0.2.99", **refused)
    assert list(AppCount.objects.values_list("controller_id", "month", "installed")) == [
        (union.pk, clock.today().replace(day=1), 12)
    ]
    assert {field.name for field in AppCount._meta.fields} == {"pk", "controller", "month", "installed"}
    for _ in range(30):
        client.post("/lyngheim/app/installed/", REMOTE_ADDR="198.51.100.7")
    assert AppCount.objects.get().installed == 32, "twenty a day from one network"
    with Scope(system("test", {union.pk}), "statistics"):
        now = clock.today().replace(day=1)
        after = (now + timedelta(days=31)).replace(day=1)
        assert follow_up.movement(controller_id=union.pk, start=now, end=after)[0].installed == 32
