"""Competitions: only winners are contacted, drawn so that anyone can repeat it, entries used for nothing else (F8)."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.outreach.conftest import Furnished
from tests.support.world import person
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import mail as unstored
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.outreach.competitions import entering, operations, queries
from tillit.outreach.competitions.confirming import Entrant
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry
from tillit.outreach.competitions.operations import Content
from tillit.outreach.draws.models import Draw
from tillit.outreach.draws.operations import verify
from tillit.parties.models import Relationship
from tillit.privacy import retention

WORDING = "1" * 64
TEXTS = {"nb": {"title": "Vinn en sykkel", "about": "Én sykkel.", "question": "Hva heter fordelen?"}}


@pytest.fixture
def union(forms: Furnished) -> Controller:
    return forms.controllers["lyngheim"]


def staff(union: Controller, activity: str = "competitions") -> Scope:
    return Scope(system("test", {union.pk}), activity)


def opened(union: Controller, **more: object) -> Competition:
    values: dict[str, object] = {
        "texts": TEXTS, "correct": "", "announced": "", "announced_at": None, "winners": 2, "members_only": False,
        "closes_at": clock.now() + timedelta(days=7),
    }  # fmt: skip
    with staff(union) as scope:
        made = operations.create(scope=scope, controller=union, content=Content(**(values | more)))  # type: ignore[arg-type]
        operations.open_now(scope=scope, competition=made)
    made.refresh_from_db()
    return made


def enters(competition: Competition, name: str, answer: str = "Hyttekortet", subject_id: int | None = None) -> None:
    who = Entrant(f"{name} Lunde", f"{name.lower()}@post.example", "", "Storgata 1, 0001 Oslo", answer)
    entering.enter(competition=competition, who=who, wording=WORDING, subject_id=subject_id)


def test_f8_only_winners_hear_from_us_and_the_draw_can_be_repeated(union: Controller) -> None:
    competition = opened(union)
    committed = competition.draw
    assert committed is not None
    assert (committed.seed, committed.closed_at) == ("", None)
    for name in ("Kari", "Ola", "Eva", "Liv", "Kari"):
        enters(competition, name)
    member = person(union, given="Nils")
    for _ in range(2):
        enters(competition, "Nils", subject_id=member)
    assert queries.entries(competition) == 5, "a person once, an address once"
    with pytest.raises(CompetitionError, match="answered"):
        enters(competition, "Tom", answer=" ")
    with staff(union) as scope, pytest.raises(CompetitionError, match="still"):
        operations.draw(scope=scope, competition=competition)
    clock.travel(competition.closes_at)
    with pytest.raises(CompetitionError, match="over"):
        enters(competition, "Sen")
    with staff(union) as scope, pytest.raises(CompetitionError, match="list"):
        operations.draw(scope=scope, competition=competition)
    assert (operations.close_everywhere(), operations.close_everywhere()) == (1, 0)
    with staff(union) as scope:
        assert operations.draw(scope=scope, competition=competition) == 2
        with pytest.raises(CompetitionError):
            operations.draw(scope=scope, competition=competition)
        won = queries.winners(competition)
        told = set(Message.objects.filter(activity="competitions").values_list("subject_id", flat=True))
    committed.refresh_from_db()
    assert verify(committed) == []
    assert [one.ticket for one in won] == committed.drawn
    assert told == {one.subject_id for one in won}
    outbox.deliver()
    assert sorted(one.to[0] for one in mail.outbox if "vunnet" in one.subject) == sorted(one.email for one in won)
    with staff(union, "proof"), connection.cursor() as cursor:
        cursor.execute(load(operations.__file__, "proof", "competitions"), {"controller": union.pk, "now": clock.now()})
        assert [name for kind, name, number in cursor.fetchall() if kind and number] == []


def test_f8_the_list_stands_before_an_announced_number_is_known_or_the_number_is_not_used(union: Controller) -> None:
    announced = clock.now() + timedelta(days=9)
    for hours, used in ((1, True), (72, False)):
        competition = opened(union, announced="Lottotallene", announced_at=announced + timedelta(hours=1))
        enters(competition, "Kari")
        clock.travel(competition.closes_at + timedelta(hours=hours))
        operations.close_everywhere()
        draw = Draw.objects.get(pk=competition.draw_id)
        assert (draw.entrants, draw.seed, len(draw.digest)) == (1, "", 64)
        if used:
            with staff(union) as scope, pytest.raises(CompetitionError, match="not known yet"):
                operations.draw(scope=scope, competition=competition, mixed_in="3 7")
        clock.travel(announced + timedelta(days=2))
        again = {"announced": "Et annet", "announced_at": clock.now() + timedelta(hours=1)}
        with staff(union) as scope:
            if used:
                with pytest.raises(CompetitionError, match="stands"):
                    operations.announce_anew(scope=scope, competition=competition, **again)
            else:
                with pytest.raises(CompetitionError, match="later"):
                    operations.draw(scope=scope, competition=competition, mixed_in="3 7")
                operations.announce_anew(scope=scope, competition=competition, **again)
                clock.travel(clock.now() + timedelta(hours=2))
            assert operations.draw(scope=scope, competition=competition, mixed_in="3 7") == 1
        draw.refresh_from_db()
        assert (draw.repeats, verify(draw)) == (True, [])
        clock.return_to_present()


def test_f8_the_right_answers_are_drawn_among_and_nobody_may_have_been_right(union: Controller) -> None:
    for answers, winners in ((("hyttekortet ", "Feil", "HYTTEKORTET"), 2), (("Feil",), 0)):
        competition = opened(union, correct="Hyttekortet", winners=5)
        for number, answer in enumerate(answers):
            enters(competition, "ABC"[number] * 3, answer)
        clock.travel(competition.closes_at)
        operations.close_everywhere()
        with staff(union) as scope:
            assert operations.draw(scope=scope, competition=competition) == winners
        clock.return_to_present()


def test_f8_what_entrants_told_is_seen_by_no_other_purpose_and_gone_three_months_after_the_draw(
    union: Controller,
) -> None:
    competition = opened(union)
    enters(competition, "Kari")

    def seen(activity: str) -> int:
        with staff(union, activity):
            return Entry.objects.count()

    def related() -> int:
        with staff(union):
            return Relationship.objects.filter(kind="visitor", ended__isnull=True).count()

    assert seen("competitions") == 1
    for other in ("newsletter", "advertising", "surveys", "membership_administration", "benefit_delivery"):
        assert seen(other) == 0
    clock.travel(competition.closes_at)
    operations.close_everywhere()
    with staff(union) as scope:
        operations.draw(scope=scope, competition=competition)
    drawn = clock.now()
    for after, expected in ((timedelta(days=85), (1, 1)), (timedelta(days=95), (0, 0))):
        clock.travel(drawn + after)
        retention.run()
        operations.follow_everywhere()
        assert (seen("competitions"), related()) == expected


def test_f8_a_competition_from_the_desk_to_the_prize_through_pages(forms: Furnished) -> None:
    desk = at_work(hire(forms.controllers["lyngheim"], "marketing"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "There is no competition yet" in desk.get("/staff/lyngheim/competitions/").text
    closes = clock.now() + timedelta(days=3)
    form = {
        "title_nb": "Vinn", "about_nb": "Én sykkel.", "title_en": "Win", "about_en": "One bicycle.", "winners": "1",
        "closes_at": f"{closes:%Y-%m-%dT12:00}", "announced": "The lottery numbers",
        "announced_at": f"{closes:%Y-%m-%dT20:00}",
    }  # fmt: skip
    for wrong in (
        {"winners": "0"},
        {"about_en": ""},
        {"closes_at": "2020-01-01T10:00"},
        {"question_en": "Which?"},
        {"announced_at": f"{closes:%Y-%m-%dT12:30}"},
        {"announced_at": ""},
    ):
        assert desk.post("/staff/lyngheim/competitions/new/", form | wrong).status_code == 422
    here = desk.post("/staff/lyngheim/competitions/new/", form)["Location"]
    number = here.rstrip("/").rsplit("/", 1)[1]
    public, page = Client(headers={"accept-language": "en"}), f"/lyngheim/competitions/{number}/"
    assert public.get(page).status_code == 404
    desk.post(here, {"act": "open"})
    shown = public.get(page).text
    assert "erased three months after the draw" in shown, "the declared words stand at the form"
    assert "Only winners hear from us afterwards" in shown
    assert public.post(page, {"name": "Kari", "email": "x"}).status_code == 422
    for _ in range(2):
        who = {"name": "Kari Lunde", "email": "kari@post.example", "address": "Storgata 1"}
        assert "Look in your mail" in public.post(page, who, follow=True).text, "the same words the second time"
        unstored.wait()
    public.post(page, who | {"name": "Tyv", "address": "Tyvens gate"})
    unstored.wait()
    links = [re.search(r"/lyngheim/competitions/confirm/[^/\s]+/", str(one.body)) for one in mail.outbox]
    first, _, thief = (one[0] for one in links if one)
    assert "Storgata 1" in public.get(first).text
    assert "<dd>0</dd>" in desk.get(here).text, "nobody has entered: a look at the link is no yes"
    ticket = re.search(r"Your ticket: ([0-9a-f]{32})", public.post(first).text)
    assert ticket is not None
    unstored.wait()
    assert ticket[1] in str(mail.outbox[-1].body)
    assert ticket[1] in public.post(thief).text, "as it stood: a later entry overwrites nothing"
    assert public.get(first.replace("confirm/", "confirm/x")).status_code == 404
    assert "Kari" not in desk.get(here).text, "entrants are not shown"
    clock.travel(closes.replace(hour=13, minute=0))
    operations.close_everywhere()
    clock.travel(closes + timedelta(days=1))
    desk = at_work(hire(forms.controllers["lyngheim"], "marketing", "Nora Vakt"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert desk.post(here, {"act": "draw"}).status_code == 422, "what was announced is mixed in"
    desk.post(here, {"act": "draw", "mixed_in": "3 7 19"})
    won = desk.get(here).text
    assert "Storgata 1" in won
    assert "Tyv" not in won
    assert public.post(thief).status_code == 404, "a link is good for three days"
    entry = re.search(r'name="entry" value="(\d+)"', won)
    assert entry is not None
    desk.post(here, {"act": "sent", "entry": entry[1]})
    assert "Prize sent" in desk.get(here).text
    assert "gave the same" in public.get("/lyngheim/draws/").text
    assert public.get("/solvik/competitions/").status_code == 404
