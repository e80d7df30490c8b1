"""A survey is counted, drawn and sent by a job; each is invited once, wherever the worker was killed (F7)."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tests.outreach.conftest import PEOPLE, Furnished
from tests.outreach.test_surveys import PHRASE, SAID, World, staff
from tillit.declaration import registry
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages.models import Message
from tillit.outreach.surveys import editing, operations, queries, sending
from tillit.outreach.surveys.errors import AnswerError, SurveyError
from tillit.outreach.surveys.models import Ballot, Survey, Urn


@pytest.fixture
def world(forms: Furnished) -> World:
    return World(forms.controllers["fjordlys"], list(forms.people))


class _KilledError(Exception):
    """The worker is gone, and with it what it had not committed."""


def written(world: World, key: str) -> Counter[int]:
    with queries.scope_of(world.controller):
        return Counter(Message.objects.filter(key=key).values_list("subject_id", flat=True))


def begun(world: World, survey: Survey) -> None:
    with staff(world.controller) as scope:
        operations.commit(scope=scope, survey=survey, words=PHRASE)
        operations.begin(scope=scope, survey=survey)


def test_f7_each_is_invited_and_reminded_once_though_the_worker_is_killed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 10)
    survey = world.draft(anonymous=False)
    begun(world, survey)
    with staff(world.controller) as scope, pytest.raises(SurveyError, match="drawing"):
        operations.begin(scope=scope, survey=survey)
    with suppress(_KilledError), transaction.atomic():
        assert sending.draw(survey) == PEOPLE
        raise _KilledError
    survey.refresh_from_db()
    assert (survey.stage, world.asked(survey)) == ("drawing", []), "a draw is whole, or nothing of it is there"
    assert sending.draw(survey) == PEOPLE
    assert sending.draw(survey) == 0, "and drawn once"
    survey.refresh_from_db()
    assert queries.progress(survey) == (0, PEOPLE)
    for message, invited in (("invitation", PEOPLE), ("reminder", PEOPLE - 1)):
        key = f"survey:{survey.pk}:{message}"
        assert sending.put_next(survey=survey) == 10
        first = written(world, key)
        with suppress(_KilledError), transaction.atomic():
            assert sending.put_next(survey=survey) == 10
            assert sum(written(world, key).values()) > 10
            raise _KilledError
        assert written(world, key) == first, "a part is whole, or nothing of it is there"
        assert queries.progress(survey) == (10, PEOPLE)
        if message == "invitation":
            with staff(world.controller) as scope, pytest.raises(SurveyError, match="invited"):
                operations.remind(scope=scope, survey=survey)
        assert sending.run_everywhere() == PEOPLE - 10
        assert sending.run_everywhere() == 0
        told = written(world, key)
        assert (len(told), set(told.values())) == (invited, {1}), "everybody once"
        survey.refresh_from_db()
        assert queries.progress(survey) is None
        if message == "invitation":
            world.answers(survey, min(world.people), q0=[0])
            with staff(world.controller) as scope:
                assert operations.remind(scope=scope, survey=survey) == PEOPLE - 1
            survey.refresh_from_db()


def test_f7_a_survey_closed_while_it_invites_asks_nobody_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 10)
    survey = world.draft()
    begun(world, survey)
    sending.draw(survey)
    sending.put_next(survey=survey)
    operations.close(survey=survey, words=PHRASE)
    assert sending.run_everywhere() == 0
    assert sum(written(world, f"survey:{survey.pk}:invitation").values()) == 10


def test_f7_whom_a_draft_may_ask_is_counted_by_the_job_and_anew_when_it_changes(world: World) -> None:
    survey = world.draft()
    assert (survey.counted, survey.counted_at) == (None, None)
    sending.run_everywhere()
    survey.refresh_from_db()
    assert survey.counted[""] == PEOPLE
    frame = editing.Frame(SAID, True, 0, clock.today() + timedelta(days=3))
    with staff(world.controller) as scope:
        editing.change(scope=scope, survey=survey, frame=frame)
        survey.refresh_from_db()
        assert survey.counted_at is None
        sending.run_everywhere()
        editing.count_again(scope=scope, survey=survey)
    survey.refresh_from_db()
    assert survey.counted_at is None


def test_f7_what_cannot_be_drawn_is_a_draft_again_and_says_why(world: World) -> None:
    survey = world.draft()
    begun(world, survey)
    with clock.travel(clock.now() + timedelta(days=30)):
        assert sending.run_everywhere() == 0
    survey.refresh_from_db()
    assert (survey.stage, survey.problem) == ("draft", "closes")


def test_f7_h11_answers_that_are_anonymous_are_in_no_dump_and_a_restore_ends_their_survey(world: World) -> None:
    anonymous, named = world.opened(), world.opened(anonymous=False)
    world.answers(anonymous, world.people[0], q0=[0])
    assert {"surveys_urn", "surveys_ballot"} <= registry.out_of_dumps()
    Urn.objects.all().delete()  # as the dump holds them
    Ballot.objects.all().delete()
    with Scope(system("test", {world.controller.pk}), "retention"), connection.cursor() as cursor:
        for statement in registry.AFTER_RESTORE:
            cursor.execute(load(*statement), {"now": clock.now()})
    for survey in (anonymous, named):
        survey.refresh_from_db()
    assert (anonymous.stage, anonymous.secret, anonymous.problem) == ("closed", None, "restored")
    assert (named.stage, named.problem, len(world.asked(named))) == ("open", "", PEOPLE), "it takes answers still"
    assert world.asked(anonymous) == []
    with pytest.raises(AnswerError, match="closed"):
        world.answers(anonymous, world.people[1], q0=[0])
