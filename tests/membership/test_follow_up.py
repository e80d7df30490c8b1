"""Follow-up of members: movement, cohorts, and figures that may go to others (B9)."""

from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from tests.faces.test_staff import at_work, hire
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import cards, follow_up
from tillit.parties.models import Relationship
from tillit.parties.operations import end_relationship

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
        shown = follow_up.released(months, least=10)
        assert all(cell.people >= 10 for cell in shown)
        assert shown, "what is enough is told"
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
    assert "1 members now" in page
    for which in ("movement", "members"):
        assert b"<svg" in desk.get(f"/staff/lyngheim/follow-up/{which}.svg").content
    assert desk.get("/staff/lyngheim/follow-up/figures.csv").text.splitlines() == ["what,month,people_at_least"]
    other = at_work(hire(union, role="marketing", name="Mia Vakt"))
    assert other.get("/staff/lyngheim/follow-up/").status_code == 404
