"""The public page of rates and offers (C6, C11): what holds now, what is to come, and every version."""

from datetime import UTC, timedelta

import pytest
from django.test import Client

from tests.journeys.intake_world import NOW, build
from tillit.bonus import offers, rates, suspensions
from tillit.bonus.offers import Gift, Limits, Reach
from tillit.bonus.rates import When
from tillit.kernel import clock

pytestmark = pytest.mark.django_db
PAGE = "/nordkai/programme/"


def test_c6_the_terms_in_force_and_their_versions_are_published(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        chain = world.chains["mat"]
        assert "Satser" in client.get(PAGE).text
        later = NOW + timedelta(days=30)
        (rule,) = chain.rates.all()
        rates.replace(rule_id=rule.pk, at=later, basis_points=250)
        facts = {"chain_id": chain.pk, "when": When(NOW - timedelta(days=1), later)}
        limits = Limits(member=30_00, period="month", budget=1000_00)
        offers.make(key="vaar", name="Vårtilbud", gift=Gift("rate", basis_points=350), limits=limits, **facts)
        secret = Reach(targeted=True)
        offers.make(key="hemmelig", name="Bare for noen", gift=Gift("times", factor=200), reach=secret, **facts)
        suspensions.suspend(chain_id=chain.pk, what="use", starts=NOW, ends=later, reason="outage")
        page = client.get(PAGE).text.replace("\xa0", " ")
        assert "1 %" in page
        assert "Vårtilbud" in page
        assert "3,5 %" in page
        assert "Bruk av bonus er stanset" in page
        assert "Bare for noen" not in page
        assert "2,5 %" not in page
        coming = client.get(PAGE, {"at": later.isoformat()}).text.replace("\xa0", " ")
        assert "2,5 %" in coming
        assert "Vårtilbud" not in coming
        assert client.get(PAGE, {"at": "not a day"}).status_code == 200
        assert later.astimezone(UTC).isoformat()[:10] in page
        assert "Rates" in client.get(PAGE, headers={"Accept-Language": "en"}).text
