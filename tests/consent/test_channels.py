"""General and single-channel choices together, late notes, and choices of clubs in one register (F1, F2, H5, H7)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import tried
from tests.support.world import person, publish_examples
from tillit.consent import operations, queries
from tillit.consent.errors import AbsoluteObjectionError, UnknownChoiceError
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.queries import current_version
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import relate

pytestmark = pytest.mark.django_db
CHANNELS = ("email", "sms", "post")
_YES = {EventKind.GIVEN: True, EventKind.WITHDRAWN: False}
_NO = {EventKind.OBJECTED: True, EventKind.OBJECTION_LIFTED: False}


@pytest.fixture
def clubs() -> dict[str, Controller]:
    return publish_examples("bonus")


def _say(
    club: Controller,
    subject: int,
    kind: EventKind,
    channel: str = "",
    *,
    at: datetime | None = None,
    activity: str = "marketing",
) -> ConsentEvent:
    actor = system("test", Controller.objects.filter(register_id=club.register_id).values_list("id", flat=True))
    with Scope(actor, "consent_management", subjects=frozenset({subject})) as scope:
        return operations.record(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            activity=activity,
            channel=channel,
            kind=kind,
            route="self_service",
            wording="w1",
            at=at or clock.now(),
        )


def _reason(club: Controller, subject: int, channel: str | None = "email", activity: str = "marketing") -> str:
    return queries.may(controller_id=club.pk, activity=activity, subject_id=subject, channel=channel).reason


def test_f2_stop_on_one_channel_counts_after_a_general_yes(clubs: dict[str, Controller]) -> None:
    town, kari = clubs["rundtur"], person(clubs["rundtur"], given="Kari")
    _say(town, kari, EventKind.GIVEN)
    assert [_reason(town, kari, channel) for channel in CHANNELS] == ["", "", ""]
    _say(town, kari, EventKind.WITHDRAWN, "sms")
    assert [_reason(town, kari, channel) for channel in CHANNELS] == ["", "no-consent", ""]
    _say(town, kari, EventKind.GIVEN)
    assert _reason(town, kari, "sms") == "", "a new general yes is a new yes"


def test_h5_an_objection_lifted_for_one_channel_stands_for_the_others(clubs: dict[str, Controller]) -> None:
    town, kari = clubs["rundtur"], person(clubs["rundtur"], given="Kari")
    _say(town, kari, EventKind.GIVEN)
    _say(town, kari, EventKind.OBJECTED)
    _say(town, kari, EventKind.GIVEN, "email")
    assert _reason(town, kari) == "objected", "a tick does not lift an objection"
    _say(town, kari, EventKind.OBJECTION_LIFTED, "email")
    assert _reason(town, kari) == ""
    assert _reason(town, kari, "sms") == "objected"


def test_h5_nobody_refuses_an_objection_to_marketing(clubs: dict[str, Controller]) -> None:
    town, kari = clubs["rundtur"], person(clubs["rundtur"], given="Kari")
    for activity in ("marketing", "newsletter"):
        _say(town, kari, EventKind.GIVEN, activity=activity)
        _say(town, kari, EventKind.OBJECTED, activity=activity)
        with pytest.raises(AbsoluteObjectionError):
            _say(town, kari, EventKind.OBJECTION_REFUSED, activity=activity)
        assert _reason(town, kari, activity=activity) == "objected"


def test_h7_a_yes_noted_late_does_not_undo_a_later_no(clubs: dict[str, Controller]) -> None:
    town, kari = clubs["rundtur"], person(clubs["rundtur"], given="Kari")
    first = datetime(2026, 5, 1, tzinfo=UTC)
    _say(town, kari, EventKind.WITHDRAWN, at=first + timedelta(days=4))
    _say(town, kari, EventKind.GIVEN, "email", at=first)
    assert _reason(town, kari) == "no-consent", "the form of 1 May was typed in after the stop of 5 May"
    _say(town, kari, EventKind.GIVEN, "email", at=first + timedelta(days=5))
    assert _reason(town, kari) == ""
    _say(town, kari, EventKind.WITHDRAWN, "email", at=first + timedelta(days=1))
    assert _reason(town, kari) == "no-consent", "a no counts whenever it is noted"


def test_f1_consent_to_one_club_is_not_consent_to_another(clubs: dict[str, Controller]) -> None:
    holder = next(c for c in clubs.values() if c.holder)
    one, two = [c for c in clubs.values() if c.register_id == holder.register_id and not c.holder][:2]
    kari = person(one, given="Kari")
    for club in (two, holder):
        with Scope(system("test", {club.pk}), "membership_administration", subjects=frozenset({kari})) as scope:
            relate(scope=scope, subject_id=kari, controller_id=club.pk, kind="member", started=date(2026, 1, 1))
    _say(one, kari, EventKind.GIVEN)
    assert [_reason(club, kari) for club in (one, two, holder)] == ["", "no-consent", "no-consent"]
    _say(holder, kari, EventKind.GIVEN)
    assert [_reason(club, kari) for club in (one, two, holder)] == ["", "", ""], "a joint yes counts for each"
    _say(two, kari, EventKind.WITHDRAWN)
    assert [_reason(club, kari) for club in (one, two, holder)] == ["", "no-consent", ""]
    _say(holder, kari, EventKind.OBJECTED)
    assert [_reason(club, kari) for club in (one, two, holder)] == ["objected"] * 3


def test_h7_what_is_no_longer_declared_may_still_be_withdrawn_but_not_given(clubs: dict[str, Controller]) -> None:
    town, kari = clubs["rundtur"], person(clubs["rundtur"], given="Kari")
    _say(town, kari, EventKind.GIVEN)
    before = current_version(controller_id=town.pk, on=clock.today())
    document = DeclarationVersion.objects.values_list("document", flat=True).get(pk=before.pk)
    document["activities"] = [a for a in document["activities"] if a["key"] != "marketing"]
    DeclarationVersion.objects.create(
        controller=town,
        number=before.number + 1,
        published_at=clock.now(),
        effective=clock.today(),
        document=document,
        source_text="",
        digest="x" * 64,
        material=False,
    )
    with pytest.raises(UnknownChoiceError):
        _say(town, kari, EventKind.GIVEN)
    assert _say(town, kari, EventKind.WITHDRAWN).kind == "withdrawn"


@settings(max_examples=tried(25), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*_YES, *_NO]), st.sampled_from(["", *CHANNELS]), st.integers(0, 6)),
        max_size=9,
    )
)
def test_f1_f2_h5_the_state_is_what_the_events_say(said: list[tuple[EventKind, str, int]]) -> None:
    """Oracle: events in the order noted; each sets its channel or all; a yes before a standing no is only kept."""
    town = publish_examples("bonus")["rundtur"]
    kari = person(town, given="Kari")
    base = datetime(2026, 5, 1, tzinfo=UTC)
    consented, objected = dict.fromkeys(CHANNELS, False), dict.fromkeys(CHANNELS, False)
    noes: list[tuple[EventKind, str, int]] = []
    for kind, channel, day in said:
        _say(town, kari, kind, channel, at=base + timedelta(days=day))
        state, value = (consented, _YES[kind]) if kind in _YES else (objected, _NO[kind])
        opposite = {EventKind.GIVEN: EventKind.WITHDRAWN, EventKind.OBJECTION_LIFTED: EventKind.OBJECTED}.get(kind)
        for each in CHANNELS if not channel else (channel,):
            if not any(k is opposite and c in ("", each) and d > day for k, c, d in noes):
                state[each] = value
        noes.append((kind, channel, day))
    for channel in CHANNELS:
        expected = "objected" if objected[channel] else "" if consented[channel] else "no-consent"
        assert _reason(town, kari, channel) == expected, (said, channel)
        lawful = queries.lawful_subjects(controller_id=town.pk, activity="marketing", channel=channel)
        assert (kari in lawful) == (expected == "")
    with Scope(system("test", {town.pk}), "consent_proof"):
        assert ConsentEvent.objects.filter(subject_id=kari).count() == len(said), "history is only added to"
