"""Surveys: drawn so that anyone can repeat it, anonymous against whoever holds the database and the logs (F7)."""

import json
import random
import re
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import Any
from unicodedata import normalize

import pytest
from django.core import mail
from django.db import connection

from tests.faces.test_staff import at_work, hire
from tests.outreach.conftest import PEOPLE, Furnished
from tests.support.world import person
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.outreach.draws import order
from tillit.outreach.draws.errors import DrawError
from tillit.outreach.draws.models import Draw
from tillit.outreach.draws.operations import close as close_list
from tillit.outreach.draws.operations import commit, draw_now, tickets_of, verify
from tillit.outreach.surveys import answering, editing, links, locks, operations, queries, sending, sheets, urns
from tillit.outreach.surveys.errors import AnswerError, SurveyError
from tillit.outreach.surveys.models import Ballot, Figure, Kind, Question, Remark, Survey, Urn
from tillit.outreach.surveys.people import Invitation, Response
from tillit.privacy import retention

PHRASE = "hest lampe vår sjø tolv blå"
SAID = {"nb": {"title": "Hva synes du?", "purpose": "Bli bedre."}, "en": {"title": "Your view?", "purpose": "Improve."}}


def staff(controller: Controller) -> Scope:
    return Scope(system("test", {controller.pk}), "surveys")


def words(nb: str, en: str, *options: tuple[str, str]) -> dict[str, dict[str, Any]]:
    return {
        "nb": {"text": nb, "options": [one[0] for one in options]},
        "en": {"text": en, "options": [one[1] for one in options]},
    }


@dataclass
class World:
    """A power retailer with customers who may be asked."""

    controller: Controller
    people: list[int] = field(default_factory=list)

    def draft(self, *, anonymous: bool = True, sample: int = 0) -> Survey:
        frame = editing.Frame(SAID, anonymous, sample, clock.today() + timedelta(days=14))
        with staff(self.controller) as scope:
            survey = editing.create(scope=scope, controller=self.controller, frame=frame)
            put = {"scope": scope, "survey": survey}
            editing.put_question(
                **put, kind=Kind.SINGLE, required=True,
                texts=words("Fornøyd?", "Content?", ("Ja", "Yes"), ("Nei", "No"), ("Vet ikke", "Do not know")),
            )  # fmt: skip
            editing.put_question(
                **put,
                kind=Kind.MULTIPLE,
                required=False,
                texts=words("Hva?", "What?", ("Pris", "Price"), ("App", "App")),
            )
            scale = words("Hvor fornøyd?", "How content?")
            editing.put_question(**put, kind=Kind.SCALE, texts=scale, required=False, low=1, high=5)
            age = words("Alder?", "Age?")
            editing.put_question(**put, kind=Kind.NUMBER, texts=age, required=False, low=18, high=120)
            editing.put_question(**put, kind=Kind.TEXT, texts=words("Noe mer?", "Anything else?"), required=False)
        return survey

    def opened(self, **kwargs: Any) -> Survey:
        survey = self.draft(**kwargs)
        with staff(self.controller) as scope:
            operations.commit(scope=scope, survey=survey, words=PHRASE)
            operations.begin(scope=scope, survey=survey)
        sending.run_everywhere()
        survey.refresh_from_db()
        return survey

    def answers(self, survey: Survey, subject: int, **given: Any) -> None:
        questions = list(survey.questions.order_by("position"))
        form = {f"q{questions[int(name[1:])].pk}": [str(v) for v in value] for name, value in given.items()}
        token = links.address(survey, subject).rstrip("/").rsplit("/", 1)[1]
        answering.answer(controller_id=self.controller.pk, number=survey.pk, token=token, form=form)

    def asked(self, survey: Survey) -> list[int]:
        with queries.scope_of(self.controller):
            return sorted(Invitation.objects.filter(survey_id=survey.pk).values_list("subject_id", flat=True))


@pytest.fixture
def world(forms: Furnished) -> World:
    return World(forms.controllers["fjordlys"], list(forms.people))


def test_f7_the_sample_is_drawn_so_that_anyone_with_seed_and_list_can_repeat_it(world: World) -> None:
    survey = world.draft(anonymous=False, sample=6)
    with staff(world.controller) as scope:
        with pytest.raises(SurveyError, match="commit"):
            operations.begin(scope=scope, survey=survey)
        committed = operations.commit(scope=scope, survey=survey, words=PHRASE)
        assert (committed.seed, committed.closed_at) == ("", None), "the digest first; no seed and no list"
        operations.begin(scope=scope, survey=survey)
    assert sending.run_everywhere() == 6
    draw = Draw.objects.get(pk=committed.pk)
    tickets = tickets_of(draw)
    assert (draw.commitment, draw.entrants, len(set(tickets))) == (committed.commitment, PEOPLE, PEOPLE)
    assert order.commitment(bytes.fromhex(draw.seed)) == committed.commitment
    assert order.drawn(seed=bytes.fromhex(draw.seed), tickets=reversed(tickets), count=6) == draw.drawn
    survey.refresh_from_db()
    assert {links.ticket(survey, one) for one in world.asked(survey)} == set(draw.drawn), "those, and no others"
    assert verify(draw) == []
    for name, value, fault in (
        ("seed", "0" * 64, "seed"), ("drawn", list(reversed(draw.drawn)), "order"), ("entrants", 13, "count"),
        ("tickets", bytes.fromhex("".join([*tickets[:-1], "f" * 32])), "list"),
    ):  # fmt: skip
        changed = Draw.objects.get(pk=draw.pk)
        setattr(changed, name, value)
        assert fault in verify(changed)
    with staff(world.controller) as scope, pytest.raises(DrawError):
        draw_now(scope=scope, draw=draw, count=6)


def test_f7_a_draw_goes_in_its_order_and_mixes_in_what_was_announced(world: World) -> None:
    with staff(world.controller) as scope:
        draw = commit(scope=scope, controller=world.controller, names={"nb": "X"}, announced="Lottotallene 1. mars",
            announced_at=clock.now() + timedelta(days=1))  # fmt: skip
        tickets = [f"{number:032x}" for number in range(50)]
        with pytest.raises(DrawError):
            draw_now(scope=scope, draw=draw, count=3)
        with pytest.raises(DrawError):
            close_list(scope=scope, draw=draw, tickets=["kari@post.example"])
        close_list(scope=scope, draw=draw, tickets=tickets)
        with pytest.raises(DrawError):
            draw_now(scope=scope, draw=draw, count=3)
        with pytest.raises(DrawError, match="known"):
            draw_now(scope=scope, draw=draw, count=3, mixed_in="1 2 3")
        clock.travel(clock.now() + timedelta(days=1))
        drawn = draw_now(scope=scope, draw=draw, count=3, mixed_in="1 2 3")
    draw.refresh_from_db()
    assert verify(draw) == []
    assert drawn != order.drawn(seed=bytes.fromhex(draw.seed), tickets=tickets, count=3)


def test_f7_purpose_and_anonymity_stand_in_the_message_and_the_link_stands_nowhere(world: World) -> None:
    survey = world.opened()
    outbox.deliver()
    sent = mail.outbox[-PEOPLE:]
    assert len({one.to[0] for one in sent}) == PEOPLE
    found = [re.search(r"/fjordlys/surveys/\d+/[a-z2-7]{26}/", str(one.body)) for one in sent]
    assert all(found)
    assert all("Bli bedre." in str(one.body) and "anonym" in str(one.body) for one in sent)
    with queries.scope_of(world.controller):
        kept = json.dumps(list(Message.objects.values_list("content", flat=True)))
    assert "Bli bedre." in kept
    assert not any(one and one[0].rstrip("/").rsplit("/", 1)[1] in kept for one in found)
    with staff(world.controller) as scope:
        assert operations.remind(scope=scope, survey=survey) == PEOPLE, "everybody: nobody knows who has answered"
        with pytest.raises(SurveyError):
            operations.remind(scope=scope, survey=survey)
    assert sending.run_everywhere() == PEOPLE
    outbox.deliver()
    assert "alle som ble spurt" in str(mail.outbox[-1].body)


def everything(world: World, *, tables: str) -> str:
    """All rows of the tables as whoever holds the database reads them, with their places and transactions."""
    found = []
    with queries.scope_of(world.controller), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE %s", [tables])
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t.ctid::text, t.xmin::text, t::text FROM {table} t")
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)


def test_f7_whoever_holds_the_database_and_the_logs_cannot_link_an_anonymous_answer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    survey = world.opened()
    arrival = list(world.people)
    random.Random(7).shuffle(arrival)  # noqa: S311
    seen: list[bytes] = []
    for number, subject in enumerate(arrival):
        choice = 0 if number < 12 else 1
        world.answers(
            survey, subject, q0=[choice], q1=[0], q2=[1 + number % 2], q3=[30 + number], q4=[f"Ordlyden {number:02d}"]
        )
        (urn,) = Urn.objects.filter(survey=survey)
        seen.append(bytes(urn.sealed))
    assert b"Ordlyden" not in b"".join(seen)
    boxes = [set(urns._opened(survey, Urn(sealed=one))) for one in seen]  # copies of the files, and every secret
    (came_in,) = boxes[5] - boxes[4]
    assert len(boxes[-1]) == PEOPLE, "such a one sees that an answer came in"
    assert b"Ordlyden" not in b64decode(came_in), "and not what it says"
    assert len({len(box) for box in boxes[-1]}) == 1
    assert len({len(one) for one in seen}) == 1, "nor does its length tell of one answer"
    shared = [sum(a == b for a, b in zip(x, y, strict=True)) / len(x) for x, y in combinations(seen[:4], 2)]
    assert max(shared) < 0.05, "the row before and after share no more than chance"
    assert "Ordlyden" not in everything(world, tables="surveys_%")
    assert Ballot.objects.filter(survey=survey).count() == 0
    with queries.scope_of(world.controller):
        assert Response.objects.count() == 0
    assert queries.answered(survey) == 20, "rounded down: no answer is seen to come in"
    for other in ("", "hest lampe vår sjø tolv rød", PHRASE[:-1], PHRASE * 20):
        with pytest.raises(SurveyError, match="words"):
            operations.close(survey=survey, words=other)
    assert operations.close(survey=survey, words=f" {PHRASE.upper()} ") == PEOPLE
    texts = list(
        Remark.objects.raw("SELECT id, text, xmin::text AS born, ctid::text AS place FROM surveys_remark ORDER BY ctid")
    )
    assert sorted(one.text for one in texts) == [f"Ordlyden {number:02d}" for number in range(PEOPLE)]
    assert [one.text for one in texts] != sorted(one.text for one in texts), "not in the order they came"
    assert [one.text for one in sorted(texts, key=lambda one: one.pk)] != sorted(one.text for one in texts)
    assert len({one.born for one in texts}) == 1, "all in one transaction"
    assert len({one.closed_at for one in texts}) == 1
    told = {(one.question.position, one.label): one.people for one in Figure.objects.select_related("question")}
    assert told[1, "0"] == told[1, "1"] == 12
    assert min(people for (_, label), people in told.items() if label != "mean" and people) >= survey.least
    left = everything(world, tables="surveys_%")
    survey.refresh_from_db()
    assert (survey.secret, Ballot.objects.count(), Urn.objects.count(), world.asked(survey)) == (None, 0, 0, [])
    assert not any(str(subject) in left for subject in arrival), "nobody who was asked is there any more"
    assert links.address(survey, arrival[0]).endswith("/fjordlys/"), "not even the installation makes the link again"
    assert "Ordlyden" not in caplog.text


def test_f7_boxes_are_of_one_size_whatever_is_chosen_and_written_in_whatever_script() -> None:
    many = {"nb": {"text": "?", "options": [str(n) for n in range(20)]}}
    questions = [Question(pk=n, kind=Kind.MULTIPLE, texts=many) for n in range(1, 59)]
    questions += [Question(pk=70, kind=Kind.TEXT), Question(pk=71, kind=Kind.NUMBER)]
    ticked: dict[str, Any] = {str(one.pk): list(range(20)) for one in questions[:58]}
    filled = [{}, ticked | {"70": "я" * 2000, "71": -99999999999}, {"70": "\U0001f600" * 1000}, {"70": '"\n\\' * 600}]
    lock, size = locks.made(PHRASE), locks.size(questions)
    boxes = [locks.sealed(lock, one, size) for one in filled]
    assert {len(one) for one in boxes} == {locks.length(size)}
    assert locks.opened(lock, PHRASE, boxes) == filled
    assert locks.opened(lock, normalize("NFD", PHRASE.upper()), boxes) == filled, "an å of two signs"
    for short in ("", " " * 40, f"for kort{' ' * 40}"):
        with pytest.raises(SurveyError, match="20"):
            locks.made(short)


def test_f7_a_text_is_as_long_as_a_browser_lets_it_be() -> None:
    question = Question(pk=1, kind=Kind.TEXT)
    lines = "\n".join(["x"] * 1000)
    assert sheets.read([question], {"q1": [lines.replace("\n", "\r\n")]}) == {"1": lines}
    for long in ("x" * 2001, "\U0001f600" * 1001):
        with pytest.raises(AnswerError):
            sheets.read([question], {"q1": [long]})


def test_f7_no_two_answers_of_a_sheet_stay_together_and_fewer_than_the_group_are_not_kept(world: World) -> None:
    survey = world.opened()
    for subject in world.people[: survey.least - 1]:
        world.answers(survey, subject, q0=[0], q4=["Hemmelig"])
    assert operations.close(survey=survey, words=PHRASE) == 0
    assert (Figure.objects.count(), Remark.objects.count()) == (0, 0)
    columns = {f.name for f in Remark._meta.concrete_fields} | {f.name for f in Figure._meta.concrete_fields}
    assert columns == {"id", "question", "text", "closed_at", "position", "label", "people", "answered"}


def test_f7_a_link_answers_once_and_never_after_it_is_closed(world: World) -> None:
    for anonymous in (True, False):
        survey = world.opened(anonymous=anonymous)
        subject = world.people[0]
        with pytest.raises(AnswerError, match="missing"):
            world.answers(survey, subject, q2=[3])
        for bad in (
            {"q0": [3]},
            {"q0": ["x"]},
            {"q0": [0], "q2": [6]},
            {"q0": [0], "q3": [17]},
            {"q0": [0], "q4": ["x" * 2001]},
        ):
            with pytest.raises(AnswerError):
                world.answers(survey, subject, **bad)
        world.answers(survey, subject, q0=[0], q1=[0, 1])
        with pytest.raises(AnswerError, match="used"):
            world.answers(survey, subject, q0=[0])
        for token in ("", "a" * 26, links.address(survey, 1).rsplit("/", 2)[1]):
            with pytest.raises(AnswerError):
                answering.asked(controller_id=world.controller.pk, number=survey.pk, token=token)
        clock.travel(clock.now() + timedelta(days=14))
        with pytest.raises(AnswerError, match="closed"):
            world.answers(survey, world.people[1], q0=[0])
        assert operations.close_everywhere() == (not anonymous), "an anonymous one waits for its words"
        clock.travel(clock.now() + timedelta(days=60))
        assert operations.close_everywhere() == anonymous
        survey.refresh_from_db()
        assert (survey.stage, survey.problem, survey.lock) == ("closed", "unopened" if anonymous else "", None)
        clock.return_to_present()


def test_f7_whose_words_are_lost_closes_it_and_the_answers_are_destroyed_unread(world: World) -> None:
    survey = world.opened()
    for subject in world.people[:12]:
        world.answers(survey, subject, q0=[0])
    desk = at_work(hire(world.controller, "marketing"))
    here = f"/staff/{world.controller.key}/surveys/{survey.pk}/"
    assert "The words are lost" in desk.get(here, headers={"accept-language": "en"}).text
    unsure = desk.post(here, {"act": "give_up"}, headers={"accept-language": "en"})
    assert (unsure.status_code, "are to be destroyed" in unsure.text) == (422, True)
    assert Urn.objects.filter(survey=survey).exists()
    assert desk.post(here, {"act": "give_up", "sure": "1"}).status_code == 302
    survey.refresh_from_db()
    assert (survey.stage, survey.problem, survey.answers, survey.lock) == ("closed", "given-up", 0, None)
    assert not Urn.objects.filter(survey=survey).exists()
    assert "nobody has read them" in desk.get(here, headers={"accept-language": "en"}).text
    named = world.opened(anonymous=False)
    with pytest.raises(SurveyError, match="nobody can read"):
        operations.give_up(survey=named)


def test_f7_answers_with_a_name_are_the_person_s_own_rows_and_go_after_thirty_eight_months(world: World) -> None:
    survey = world.opened(anonymous=False)
    for subject in world.people[:12]:
        world.answers(survey, subject, q0=[0], q4=["Takk"])
    with staff(world.controller) as scope:
        assert operations.remind(scope=scope, survey=survey) == PEOPLE - 12, "those who have not answered"
    clock.travel(clock.now() + timedelta(days=15))
    operations.close_everywhere()
    found = queries.results(Survey.objects.get(pk=survey.pk))
    assert [(one.label, one.people) for one in found[0].shares] == [("0", 12)]

    def left() -> int:
        with queries.scope_of(world.controller):
            return Response.objects.filter(survey_id=survey.pk).count()

    clock.travel(clock.now() + timedelta(days=37 * 30))
    retention.run()
    assert left() == 12
    clock.travel(clock.now() + timedelta(days=60))
    retention.run()
    assert (left(), Figure.objects.count()) == (0, 1), "the figures stay"


def test_f7_who_may_not_be_asked_is_not_drawn(world: World) -> None:
    other = person(world.controller, "supplier_contact", account=False)
    survey = world.opened()
    assert other not in world.asked(survey)
    assert set(world.asked(survey)) == set(world.people)


def test_f7_figures_of_numbers_tell_neither_the_least_nor_the_greatest_nor_a_mean(world: World) -> None:
    question = next(one for one in world.draft().questions.all() if one.kind == "number")
    pay = [410, 420, 430, 440, 450, 455, 460, 470, 480, 490, 500]
    for odd in (9_850, 500, 12):
        told = sheets.figures([question], [{str(question.pk): one} for one in sorted([*pay, odd])], least=5)
        labels = [one.label for one in told]
        assert (labels[0][0], labels[-1][-1], len(labels)) == ("…", "…", 2), "open ends, and no mean"
        assert sum(one.people for one in told) == 12
        assert not any(number in "".join(labels) for number in ("9850", "410", "500"))
    same = sheets.figures([question], [{str(question.pk): 7}] * 12, least=5)
    assert [(one.label, one.people) for one in same] == [("*", 12)]


def test_f7_figures_hold_the_minimum_group_whatever_was_answered(world: World) -> None:
    survey = world.draft()
    questions = list(survey.questions.order_by("position"))
    rng = random.Random(3)  # noqa: S311
    for size in (5, 9, 40):
        filled = [
            {str(questions[0].pk): rng.choice([0, 0, 0, 1, 2]), str(questions[1].pk): sorted({rng.randrange(2)}),
             str(questions[3].pk): rng.randrange(18, 90)} for _ in range(size)
        ]  # fmt: skip
        told = sheets.figures(questions, filled, least=5)
        for one in told:
            if one.label != "mean":
                assert one.people in range(5, size + 1) or (one.people == 0 and one.question == questions[1].pk)
        single = [one.people for one in told if one.question == questions[0].pk]
        assert sum(single) in {0, size}, "a partition: nothing is found by subtracting"
    assert Counter(len(urns.shuffled(list(range(9)))) for _ in range(3)) == {9: 3}
