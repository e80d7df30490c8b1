"""What was made for one subject of a person reaches all of them once merged (C3): ways out, holds, clocks, noes."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any

import pytest
from django.db import connection

from tests.journeys.test_merging import _everyone, _merge, _say
from tests.support.world import person, publish_examples
from tillit.cases import operations as cases
from tillit.consent.merging import Said, joined
from tillit.consent.models import EventKind
from tillit.consent.queries import may, may_each
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys.leave_messages import leave, receives
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages.leaving import Leaving
from tillit.parties import merging
from tillit.parties.models import Fact, Relationship, Subject
from tillit.parties.operations import end_relationship
from tillit.privacy import access, holds, retention
from tillit.privacy.erasure import erase
from tillit.privacy.outlook import outlook

DAY = date(2026, 5, 4)
GIVEN, WITHDRAWN, OBJECTED = EventKind.GIVEN, EventKind.WITHDRAWN, EventKind.OBJECTED


@pytest.fixture
def club(db: Any) -> Iterator[Controller]:
    with clock.travel(DAY):
        yield publish_examples("bonus")["nordkai"]


@pytest.fixture
def kari(club: Controller) -> int:
    return person(club, given="Kari")


@pytest.fixture
def twin(club: Controller) -> int:
    return person(club, given="Karianne")


def _end(club: Controller, *subjects: int) -> None:
    for one in subjects:
        with Scope(system("test", {club.pk}), "membership_administration") as scope:
            end_relationship(
                scope=scope,
                subject_id=one,
                controller_id=club.pk,
                kind="member",
                ended=date(2026, 5, 3),
                reason="left",
            )


def _names(club: Controller, *subjects: int) -> set[str]:
    with Scope(_everyone(club), "rights_requests"):
        return set(Fact.objects.filter(subject_id__in=subjects, kind="name.given").values_list("value", flat=True))


def test_c3_f2_a_way_out_sent_before_the_merge_still_leads_out(club: Controller, kari: int, twin: int) -> None:
    for one in (kari, twin):
        _say(club, one, GIVEN)
    link = Leaving(twin, club.pk, "marketing", "email")
    _merge(club, twin, kari)
    assert receives(link)
    leave(link=link, route="one_click")
    assert not receives(link)
    said = {
        one: may(controller_id=club.pk, activity="marketing", subject_id=one, channel="email") for one in (kari, twin)
    }
    assert {one.reason for one in said.values()} == {"no-consent"}
    assert may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="sms")


def test_c3_any_subject_of_a_person_names_the_person(club: Controller, kari: int, twin: int) -> None:
    third = person(club, given="Kaia")
    for one in (twin, third):
        _merge(club, one, kari)
    for one in (kari, twin, third):
        with Scope(_everyone(club), "rights_requests", frozenset({one})):
            assert set(Fact.objects.values_list("subject_id", flat=True)) == {kari, twin, third}
        assert merging.same_people([one]) == dict.fromkeys((kari, twin, third), kari)
        answer = access.collect(actor=_everyone(club), subject_id=one, language="nb")
        values = {row.get("value") for part in answer["data"] for row in part["rows"]}
        assert {"Kari", "Karianne", "Kaia"} <= values
    _end(club, kari, third)
    assert may_each(controller_id=club.pk, activity="bonus_earning", subject_ids=[third])[third], "the twin is a member"
    with Scope(_everyone(club), "rights_requests", frozenset({person(club, given="Ola")})):
        assert not Fact.objects.filter(subject_id__in=[kari, twin, third]).exists(), "nobody else's"


@pytest.mark.parametrize("for_alias", [False, True])
def test_c3_d11_a_hold_keeps_what_any_subject_of_the_person_left(
    club: Controller, kari: int, twin: int, *, for_alias: bool
) -> None:
    ola = person(club, given="Ola")
    _merge(club, twin, kari)
    _end(club, kari, twin, ola)
    held, other = (twin, kari) if for_alias else (kari, twin)
    with Scope(_everyone(club), "rights_requests") as scope:
        facts: dict[str, Any] = {
            "controller_id": holder_of(controller_id=club.pk),
            "reason": "claim",
            "reference": "2026/14",
            "at": clock.now(),
        }
        hold = holds.place(scope=scope, subject_id=held, **facts)
        assert holds.place(scope=scope, subject_id=other, **facts) == hold, "the same matter again"
        assert holds.listed(subject_id=other) == [hold]
        assert {cell.category for cell in outlook(subject_id=other) if cell.held} >= {"identity"}
    with clock.travel(date(2029, 1, 1)):
        items = erase(actor=_everyone(club), subject_id=kari, ground="no_longer_needed", at=clock.now())
        assert {i.hold for i in items if i.category == "identity" and i.outcome == "kept"} == {("claim 2026/14",)}
        retention.run()
        assert _names(club, kari, twin, ola) == {"Kari", "Karianne"}, "who is not held is gone"
        with Scope(_everyone(club), "rights_requests") as scope:
            assert holds.release(scope=scope, subject_id=other, hold_id=hold.id, at=clock.now()).released
        retention.run()
        assert _names(club, kari, twin) == set()


def test_c3_d11_the_closed_case_of_either_releases_its_hold(club: Controller, kari: int, twin: int) -> None:
    with Scope(_everyone(club), "rights_requests") as scope:
        holds.place(
            scope=scope, subject_id=twin, controller_id=club.pk, reason="legal_order", at=clock.now(), case_id=77
        )
    _merge(club, twin, kari)
    assert holds.release_of_case(subject_id=kari, controller_id=club.pk, case_id=77, at=clock.now()) == 1


def test_c3_h10_an_open_case_of_either_keeps_who_both_are(club: Controller, kari: int, twin: int) -> None:
    ola = person(club, given="Ola")
    with Scope(_everyone(club), "customer_service", frozenset({twin})) as scope:
        case = cases.open_case(
            scope=scope,
            subject_id=twin,
            controller_id=holder_of(controller_id=club.pk),
            kind="enquiry",
            channel="email",
            at=clock.now(),
            fields={"subject": "x"},
            category="enquiry",
        )
    _merge(club, twin, kari)
    _end(club, kari, twin, ola)
    with clock.travel(date(2026, 8, 1)):
        retention.run()
        assert _names(club, kari, twin, ola) == {"Kari", "Karianne"}
        with Scope(_everyone(club), "customer_service", frozenset({twin})) as scope:
            cases.take(scope=scope, case=case, step="closed", at=clock.now(), outcome="answered")
        retention.run()
        assert _names(club, kari, twin) == set()


def _clock(club: Controller, app: str, file: str, name: str) -> dict[int, str]:
    import tillit.consent
    import tillit.services

    module = {"consent": tillit.consent, "services": tillit.services}[app]
    assert module.__file__
    known = {
        "controller": club.pk,
        "holders": [club.pk, holder_of(controller_id=club.pk)],
        "activity": "marketing",
        "zone": "Europe/Oslo",
    }
    with Scope(_everyone(club), "retention"), connection.cursor() as cursor:
        text = load(module.__file__, file, name)
        cursor.execute(f"SELECT subject_id, max(day)::text FROM ({text}) c GROUP BY subject_id", known)
        return dict(cursor.fetchall())


def test_c3_h10_clocks_of_a_person_run_for_every_subject(club: Controller, kari: int, twin: int) -> None:
    third, ola = person(club, given="Kaia"), person(club, given="Ola")
    for one in (kari, ola):
        _say(club, one, GIVEN)
    for one in (ola, twin):
        _say(club, one, WITHDRAWN)
    _end(club, twin, ola)
    assert _clock(club, "services", "access", "access_ended")[twin] == "2026-05-03"
    assert _clock(club, "consent", "clocks", "consent_withdrawn") == {
        kari: "infinity",
        ola: "2026-05-04",
        twin: "2026-05-04",
    }
    Subject.objects.filter(pk__in=[twin, third]).update(alias_of_id=kari)
    everyone = {kari, twin, third}
    ended, withdrawn = (
        _clock(club, "services", "access", "access_ended"),
        _clock(club, "consent", "clocks", "consent_withdrawn"),
    )
    assert {ended[one] for one in everyone} == {"infinity"}, "one of them is a member"
    assert ended[ola] == "2026-05-03"
    assert {withdrawn[one] for one in everyone} == {"infinity"}, "the choices of the one the person is known by"
    assert withdrawn[ola] == "2026-05-04"
    Subject.objects.filter(pk=kari).update(alias_of_id=None)
    Subject.objects.filter(pk__in=[twin, third]).update(alias_of_id=None)
    Subject.objects.filter(pk=twin).update(alias_of_id=third)
    withdrawn = _clock(club, "consent", "clocks", "consent_withdrawn")
    assert (withdrawn[third], withdrawn[twin]) == ("2026-05-04", "2026-05-04"), "the other's, where it has none"
    with Scope(_everyone(club), "rights_requests"):
        assert Relationship.objects.filter(subject_id=third, ended__isnull=True).exists()
    assert _clock(club, "services", "access", "access_ended")[twin] == "infinity"


Act = tuple[int, str, EventKind]
CLUB, HOLDER = 2, 1


def _last(acts: tuple[Act, ...], controller: int, channel: str) -> tuple[bool | None, bool] | None:
    """(consented, objected) by the last act that speaks of the channel at the controller; None: none does."""
    about = [kind for who, level, kind in acts if who == controller and level in {"", channel}]
    yes = [kind is GIVEN for kind in about if kind in {GIVEN, WITHDRAWN}]
    no = [kind is OBJECTED for kind in about if kind not in {GIVEN, WITHDRAWN}]
    return (yes[-1] if yes else None, bool(no and no[-1])) if about else None


def _holds_for(acts: tuple[Act, ...], controller: int, channel: str) -> tuple[bool | None, bool] | None:
    sides = [controller] if controller == HOLDER else [controller, HOLDER]
    found = [one for side in sides if (one := _last(acts, side, channel)) is not None]
    return (found[0][0], any(one[1] for one in found)) if found else None


def _stated(acts: tuple[Act, ...]) -> dict[tuple[int, str], dict[str, Said]]:
    """The choices after the acts: one for each level spoken of."""
    rows: dict[tuple[int, str], dict[str, Said]] = {}
    for controller, level, _ in acts:
        if (found := _last(acts, controller, level)) is not None:
            rows.setdefault((controller, "x"), {})[level] = Said(*found)
    return rows


def test_c3_f2_a_no_of_either_is_a_no_at_every_level() -> None:
    """Oracle: of each of the two the last act that speaks of a channel; all pairs of up to two acts each."""
    one = list(product((CLUB, HOLDER), ("", "email"), (GIVEN, WITHDRAWN, OBJECTED)))
    said: list[tuple[Act, ...]] = [(), *((act,) for act in one), *product(one, one)]
    asked = list(product((CLUB, HOLDER), ("", "email", "sms")))
    known = {acts: ([_holds_for(acts, *where) for where in asked], _stated(acts)) for acts in said}
    distinct = list({repr(each): acts for acts, each in known.items()}.values())
    for mine, theirs in product(distinct, distinct):
        made = joined(known[mine][1], known[theirs][1], {CLUB: HOLDER, HOLDER: HOLDER})
        after = mine + tuple((where[0], channel, kind) for where, kind, channel in made)
        for where, own, other in zip(asked, known[mine][0], known[theirs][0], strict=True):
            consented, objected = _holds_for(after, *where) or (None, False)
            noes = [each[0] is False for each in (own, other) if each]
            yes = own[0] if own else other and other[0]
            wanted = bool(yes) and not any(noes), any(each[1] for each in (own, other) if each)
            assert objected == wanted[1], (mine, theirs, made, where)
            assert objected or bool(consented) == wanted[0], (mine, theirs, made, where)
        assert theirs or not made, mine


@pytest.mark.parametrize(
    ("own", "other", "email", "sms"),
    [
        ((GIVEN, ""), (WITHDRAWN, "email"), "no-consent", ""),
        ((GIVEN, "email"), (WITHDRAWN, ""), "no-consent", "no-consent"),
        ((WITHDRAWN, "email"), (GIVEN, ""), "no-consent", ""),
        ((WITHDRAWN, ""), (GIVEN, "email"), "no-consent", "no-consent"),
        ((GIVEN, ""), (OBJECTED, "email"), "objected", ""),
        ((GIVEN, "email"), (GIVEN, "sms"), "", ""),
    ],
)
def test_c3_f2_what_is_said_at_different_levels_is_asked_of_the_merged_person(
    club: Controller, kari: int, twin: int, own: Any, other: Any, email: str, sms: str
) -> None:
    _say(club, kari, own[0], channel=own[1])
    _say(club, twin, other[0], channel=other[1])
    _merge(club, twin, kari)
    found = [
        may(controller_id=club.pk, activity="marketing", subject_id=kari, channel=c).reason for c in ("email", "sms")
    ]
    assert found == [email, sms]
