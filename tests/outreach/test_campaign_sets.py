"""A compiled set is what the facts say of each person, one by one, however its conditions are put together (F3, H5)."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.support.world import publish_examples
from tillit.consent.models import Choice
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.campaigns import queries, segments
from tillit.parties.models import Fact, Login, Relationship, Subject

pytestmark = pytest.mark.django_db
AT, PEOPLE = datetime(2026, 1, 1, tzinfo=UTC), 90
DINING, HOME = {"fact": "interest", "value": "dining"}, {"fact": "interest", "value": "home"}
LONG = {"fact": "related_for", "value": 100}
SHAPES: tuple[dict[str, Any], ...] = (
    {},
    DINING,
    {"not": HOME},
    {"all": [DINING, {"not": HOME}, LONG]},
    {"any": [DINING, {"not": HOME}]},
    {"not": {"any": [DINING, {"all": [HOME, LONG]}]}},
    {"all": [LONG, {"any": [DINING, HOME]}, {"not": {"not": HOME}}]},
    {"not": {"all": [LONG, {"not": {"all": [DINING, HOME]}}]}},
)


def test_f3_a_compiled_set_is_what_the_facts_say_of_each_person_one_by_one() -> None:
    club, chance = publish_examples("bonus")["rundtur"], random.Random(9)  # noqa: S311 (the same people every time)
    heads = Subject.objects.bulk_create(Subject(id=10**6 + n, register=club.register) for n in range(PEOPLE))
    second = [Subject(id=2 * 10**6 + n, register=club.register, alias_of=heads[n]) for n in range(0, PEOPLE, 3)]
    Subject.objects.bulk_create(second)
    merged = {one.alias_of_id: one.pk for one in second}
    people = [one.pk for one in heads]
    started = {one: clock.today() - timedelta(days=chance.choice([1, 99, 100, 101, 900])) for one in people}
    said = {one: (chance.random() < 0.7, chance.random() < 0.2) for one in people if chance.random() < 0.9}
    signs_in = {one for one in people if chance.random() < 0.9}
    kinds = {"dining": "interest.dining", "home": "interest.home", "address": "email"}
    known = {name: {one for one in people if chance.random() < 0.6} for name in kinds}

    def somewhere(one: int) -> int:
        return merged[one] if one in merged and chance.random() < 0.5 else one

    Login.objects.bulk_create(Login(subject_id=one, register=club.register, created_at=AT) for one in sorted(signs_in))
    with Scope(system("test", {club.pk}), "membership_administration"):
        Relationship.objects.bulk_create(
            Relationship(subject_id=somewhere(one), controller_id=club.pk, kind="member", started=day)
            for one, day in started.items()
        )
    for name, kind in kinds.items():
        asking, category = ("membership_administration", "contact") if name == "address" else ("newsletter", "interest")
        with Scope(system("test", {club.pk}), asking):
            Fact.objects.bulk_create(
                Fact(
                    subject_id=somewhere(one),
                    controller_id=club.pk,
                    category=category_id(category),
                    kind=kind,
                    value=f"{one}@eksempel.example" if name == "address" else name,
                    source="data_subject",
                    collected_under=asking,
                    collected_at=AT,
                )
                for one in sorted(known[name])
            )
    with Scope(system("test", {club.pk}), "consent_management"):
        Choice.objects.bulk_create(
            Choice(
                subject_id=one,
                controller_id=club.pk,
                activity="marketing",
                channel="",
                consented=yes,
                objected=no,
                since=AT,
            )
            for one, (yes, no) in said.items()
        )

    def holds(node: dict[str, Any], one: int) -> bool:
        match node:
            case {"all": inner}:
                return all(holds(each, one) for each in inner)
            case {"any": inner}:
                return any(holds(each, one) for each in inner)
            case {"not": inner}:
                return not holds(inner, one)
            case {"fact": "related_for", "value": days}:
                return started[one] <= clock.today() - timedelta(days=days)
            case {"fact": "interest", "value": topic}:
                return one in known[topic]
        return True

    def reason(segment: dict[str, Any], one: int) -> str:
        yes, no = said.get(one, (False, False))
        if not holds(segment, one):
            return "not-picked"
        if no:
            return "objected"
        if not yes:
            return "no-consent"
        if one not in signs_in:
            return "no-account"
        return "" if one in known["address"] else "no-address"

    seen: set[str] = set()
    asked: dict[str, Any] = {"controller": club, "activity": "marketing", "channel": "email"}
    for segment in SHAPES:
        expected = {one: reason(segment, one) for one in people}
        made = segments.compiled(**asked, segment=segment)
        with queries.scope_of(club, "marketing"), connection.cursor() as cursor:
            cursor.execute(made.text, made.values)
            found = cursor.fetchall()
            assert dict(found) == expected, segment
            assert len(found) == PEOPLE, segment
            assert segments.picked(controller=club, activity="marketing", segment=segment, people=people) == {
                one for one in people if holds(segment, one)
            }
        size = queries.size(**asked, segment=segment)
        assert size.reached == sum(not why for why in expected.values()), segment
        assert size.outside == sum(why == "not-picked" for why in expected.values()), segment
        seen |= set(expected.values())
    assert seen == {"", "not-picked", "objected", "no-consent", "no-account", "no-address"}
