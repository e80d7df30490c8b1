"""The banner for the controller's other sites: script, register and choices, for declared sites alone (G2)."""

from typing import Any

import pytest
from django.test import Client

from tillit.consent import cookies as choices
from tillit.consent.models import CookieChoice
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.faces.public_web.banner import PER_NETWORK
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod

pytestmark = pytest.mark.django_db
V1 = "/fjordlys/cookies/v1"
STRANGER = "https://elsewhere.example"


@pytest.fixture
def declared(controllers: dict[str, Controller]) -> Declaration:
    """The declaration of the power retailer."""
    return current(controller_id=controllers["fjordlys"].pk, on=clock.today())


@pytest.fixture
def origin(declared: Declaration) -> str:
    """The origin of its own web site."""
    (own,) = choices.origins(declared)
    return own


def _choose(client: Client, origin: str, **said: Any) -> Any:
    return client.post(f"{V1}/choice", said, headers={"Origin": origin})


def test_g2_the_banner_is_one_small_script_and_what_is_asked_comes_from_the_register(
    client: Client, declared: Declaration, origin: str
) -> None:
    script = client.get(f"{V1}/banner.js")
    assert 1000 < len(script.content) <= 4096
    assert script["Content-Type"].startswith("text/javascript")
    assert script["Cross-Origin-Resource-Policy"] == "cross-origin"
    for word in ("innerHTML", "eval(", ".style", "import("):
        assert word not in script.text, "what a strict policy forbids"
    for language in ("nb", "en"):
        told = client.get(f"{V1}/register?lang={language}-NO", headers={"Origin": origin}).json()
        assert told["language"] == language
        assert told["purposes"] == [
            [key, declared.cookies.purposes[key][language]] for key in choices.optional_purposes(declared)
        ]
        assert ["__utma", "cookie", ["analytics"]] in told["items"]
        assert "tillit_session" not in str(told["items"]), "what is necessary is never deleted"
    assert client.get(f"{V1}/register?lang=fr").json()["language"] == "nb"
    assert client.get("/nobody/cookies/v1/banner.js").status_code == 404


def test_g2_only_the_controller_s_declared_sites_may_ask_and_choose(
    client: Client, declared: Declaration, origin: str
) -> None:
    given = client.get(f"{V1}/register", headers={"Origin": origin})
    assert (given.status_code, given["Access-Control-Allow-Origin"], given["Vary"].count("Origin")) == (200, origin, 1)
    assert "Access-Control-Allow-Credentials" not in given
    asked = choices.asked(declared)
    for stranger in (STRANGER, "null", origin + ".elsewhere.example", origin.replace("https", "http")):
        refused = client.get(f"{V1}/register", headers={"Origin": stranger})
        answers = (refused, _choose(client, stranger, asked=asked))
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "site-undeclared")
            assert "Access-Control-Allow-Origin" not in answer
    assert client.post(f"{V1}/choice", {"asked": asked}).status_code == 403, "no origin, no choice"
    assert CookieChoice.objects.count() == 0
    assert _choose(client, origin, asked=asked).status_code == 201


def test_g2_a_choice_on_another_site_is_kept_with_the_same_proof_as_on_ours(
    client: Client, declared: Declaration, origin: str
) -> None:
    asked = choices.asked(declared)
    given = _choose(client, origin, asked=asked, purpose=["analytics", "not offered"])
    told = given.json()
    assert given["Access-Control-Allow-Origin"] == origin
    assert not given.cookies, "the browser stores nothing of ours here"
    assert told["purposes"] == ["analytics"]
    assert told["lives"] == 28 * 24 * 3600
    first = CookieChoice.objects.get(pk=told["proof"])
    assert first.offered == choices.optional_purposes(declared)
    assert first.keep_until >= IsoPeriod.parse("P1Y").add_to(first.chosen_at)
    again = _choose(client, origin, asked=asked, instead_of=told["proof"]).json()
    first.refresh_from_db()
    assert first.ended_at is not None
    assert (again["purposes"], again["proof"] != told["proof"]) == ([], True)
    late = _choose(client, origin, asked="0" * 12, purpose="analytics")
    assert (late.status_code, late.json()["code"]) == (409, "register-changed")
    assert _choose(client, origin, asked=asked, instead_of="no number").status_code == 201
    assert CookieChoice.objects.count() == 3


def test_g2_one_network_cannot_fill_the_proofs(
    client: Client, declared: Declaration, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = PER_NETWORK.__class__(PER_NETWORK.what, 2, PER_NETWORK.every)
    monkeypatch.setattr("tillit.faces.public_web.banner.PER_NETWORK", few)
    asked = choices.asked(declared)
    with clock.travel(clock.now()):
        found = [_choose(client, origin, asked=asked).status_code for _ in range(3)]
    assert found == [201, 201, 429]
