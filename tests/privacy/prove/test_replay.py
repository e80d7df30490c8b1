"""The replay in `prove` and the consents' own operations, told the same acts, never differ (F1, F2, H5, H7)."""

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.errors import AbsoluteObjectionError
from tillit.consent.models import EventKind
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.prove.run import prove

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 1, 12, tzinfo=UTC)


def test_f1_f2_h5_h7_random_acts_are_replayed_to_the_same_choices_and_people() -> None:
    clubs = publish_examples("bonus")
    chance, noted = random.Random(20260201), 0  # noqa: S311 (a fixed draw)
    with clock.travel(START):
        for number in range(40):
            club = clubs[chance.choice(["rundtur", "nordkai"])]
            subject = person(club, given="Kari")
            for _ in range(chance.randint(1, 7)):
                clock.advance(timedelta(minutes=1))
                by = chance.choice([club, clubs["rundtur"]])
                actor = system("test", {by.pk, clubs["rundtur"].pk})
                with suppress(AbsoluteObjectionError), Scope(actor, "consent_management") as scope:
                    consent.record(
                        scope=scope,
                        subject_id=subject,
                        controller_id=by.pk,
                        activity=chance.choice(["marketing", "profiling"]),
                        kind=chance.choice(list(EventKind)),
                        route="web",
                        wording=f"{number:064d}",
                        at=clock.now() - timedelta(minutes=chance.choice([0, 0, 0, 2, 5])),
                    )
                    noted += 1
        proofs = prove(kinds=["consent"], controllers=["rundtur", "nordkai"])
    assert noted > 80
    assert [(p.promise.path, p.finding.faults) for p in proofs if p.finding.status != "kept"] == []
    marketing = [p for p in proofs if p.promise.path == "activities.marketing.basis"]
    assert all(int(p.finding.evidence["choices"]) > 5 for p in marketing)


def test_f1_f2_h7_random_acts_on_single_channels_too() -> None:
    clubs = publish_examples("bonus")
    chance = random.Random(20260202)  # noqa: S311 (a fixed draw)
    channels = ["", "email", "sms", "post"]
    with clock.travel(START):
        for number in range(30):
            subject = person(clubs["nordkai"], given="Ola")
            for _ in range(chance.randint(2, 8)):
                clock.advance(timedelta(minutes=1))
                with Scope(system("test", {clubs["nordkai"].pk}), "consent_management") as scope:
                    consent.record(
                        scope=scope,
                        subject_id=subject,
                        controller_id=clubs["nordkai"].pk,
                        activity="marketing",
                        channel=chance.choice(channels),
                        kind=chance.choice([k for k in EventKind if k is not EventKind.OBJECTION_REFUSED]),
                        route="sms",
                        wording=f"{number:064d}",
                        at=clock.now() - timedelta(minutes=chance.choice([0, 0, 2, 4])),
                    )
        proofs = prove(kinds=["consent"], controllers=["nordkai"])
    assert [(p.promise.path, p.finding.faults) for p in proofs if p.finding.status != "kept"] == []
