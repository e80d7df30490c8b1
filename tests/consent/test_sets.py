"""A set asked for in one statement is what the facts say of each person, one by one (F2, H5, C3)."""

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.support.world import publish_examples
from tillit.consent import queries
from tillit.consent.models import Choice
from tillit.declaration.vocabulary import category_id
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact, Login, Relationship, Subject

pytestmark = pytest.mark.django_db
AT, PEOPLE = datetime(2026, 1, 1, tzinfo=UTC), 150


def test_f2_h5_c3_a_set_is_what_the_facts_say_of_each_person_one_by_one() -> None:
    """Two holders, general and single channels, merged, restricted and dead people, at random."""
    clubs, chance = publish_examples("bonus"), random.Random(7)  # noqa: S311 (the same people every time)
    holder = next(club for club in clubs.values() if club.holder)
    club = next(one for one in clubs.values() if one.register_id == holder.register_id and not one.holder)
    states = [chance.choice([0, 0, 0, 1, 2, 3]) for _ in range(PEOPLE)]
    heads = Subject.objects.bulk_create(
        Subject(id=10**6 + n, register=club.register, state=states[n]) for n in range(PEOPLE)
    )
    second = [Subject(id=2 * 10**6 + n, register=club.register, alias_of=heads[n]) for n in range(0, PEOPLE, 3)]
    Subject.objects.bulk_create(second)
    merged = {one.alias_of_id: one.pk for one in second}
    dead = {one.pk for one in heads if chance.random() < 0.1}
    said: dict[tuple[int, int, str], tuple[bool, bool]] = {
        (who, controller, channel): (chance.random() < 0.5, chance.random() < 0.3)
        for who in [one.pk for one in (*heads, *second)]
        for controller in (club.pk, holder.pk)
        for channel in ("", "email", "sms")
        if chance.random() < 0.4
    }
    signs_in = {one.pk for one in heads if chance.random() < 0.7}
    Login.objects.bulk_create(
        Login(subject_id=merged.get(one, one) if chance.random() < 0.5 else one, register=club.register, created_at=AT)
        for one in sorted(signs_in)
    )
    everybody: dict[str, Any] = {"controller_id": club.pk}
    with Scope(system("test", {club.pk, holder.pk}), "membership_administration"):
        at = [merged[one.pk] if one.pk in merged and chance.random() < 0.5 else one.pk for one in heads]
        Relationship.objects.bulk_create(
            Relationship(subject_id=one, kind="member", started=date(2026, 1, 1), **everybody) for one in at
        )
        Fact.objects.bulk_create(
            Fact(
                subject_id=one,
                controller_id=holder.pk,
                category=category_id("identity"),
                kind="deceased",
                value="2026-01-01",
                source="data_subject",
                collected_under="membership_administration",
                collected_at=AT,
            )
            for one in dead
        )
    with Scope(system("test", {club.pk, holder.pk}), "consent_management"):
        Choice.objects.bulk_create(
            Choice(
                subject_id=who,
                controller_id=controller,
                activity="marketing",
                channel=channel,
                consented=yes,
                objected=no,
                since=AT,
            )
            for (who, controller, channel), (yes, no) in said.items()
        )

    def reason(person: Subject, channel: str) -> str:
        told = [
            said.get((person.pk, controller, channel)) or said.get((person.pk, controller, ""))
            for controller in (club.pk, holder.pk)
        ]
        standing = [one for one in told if one is not None]
        if channel and person.pk in dead:
            return "deceased"
        if person.state in (1, 3):
            return "restricted"
        if any(objected for _, objected in standing):
            return "objected"
        if not (standing and standing[0][0]):
            return "no-consent"
        return "" if person.pk in signs_in else "no-account"

    for channel in (None, "email", "sms"):
        expected = {one.pk: reason(one, channel or "") for one in heads}
        assert set(expected.values()) >= {"", "restricted", "objected", "no-consent", "no-account"}
        asked = {"controller_id": club.pk, "activity": "marketing", "channel": channel}
        assert queries.reasons(**asked) == expected
        for people in ([one.pk for one in heads], sorted(merged.values())):
            found = queries.may_each(**asked, subject_ids=people, answering=True)
            known_by = {one: head for head, one in merged.items()}
            assert {one: said_so.reason for one, said_so in found.items()} == {
                one: expected[known_by.get(one, one)] for one in people
            }
