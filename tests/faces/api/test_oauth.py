"""Client credentials (RFC 6749 4.4): a key's id and secret against a token of ten minutes, with its scopes or less."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.faces.api.conftest import PURCHASES, Partner, line, problem
from tillit.faces.api import keys
from tillit.faces.api.models import ApiClient, ApiToken
from tillit.kernel import clock

TOKEN, REVOKE = "/api/oauth/token", "/api/oauth/revoke"
BODY = "application/x-www-form-urlencoded"


def _ask(body: str, *, basic: str = "", at: str = TOKEN, kind: str = BODY, **meta: str) -> Any:
    headers = {"Authorization": f"Basic {b64encode(basic.encode()).decode()}"} if basic else {}
    return Client().post(at, body, content_type=kind, headers=headers, **meta)


def _pair(partner: Partner) -> str:
    _, public, hidden = partner.key.split("_", 2)
    return f"{public}:{hidden}"


def _token(partner: Partner, scope: str = "") -> str:
    wanted = f"&scope={scope}" if scope else ""
    answer = _ask("grant_type=client_credentials" + wanted, basic=_pair(partner))
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def test_a_token_does_what_its_key_may_and_no_longer_than_ten_minutes(partner: Partner) -> None:
    answer = _ask("grant_type=client_credentials", basic=_pair(partner))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == (
        "Bearer",
        600,
        "purchases:read purchases:write subscriptions",
    )
    text = told["access_token"]
    assert text not in repr(list(ApiToken.objects.values()))
    caller = Partner(partner.club, text)
    assert caller.send(line(1, next(iter(partner.club.members.values())))).status_code == 201
    with clock.travel(clock.now() + timedelta(minutes=10)):
        assert problem(caller.send(line(2, next(iter(partner.club.members.values())))))["code"] == "key-unknown"


def test_a_token_of_fewer_scopes_does_less(partner: Partner) -> None:
    caller = Partner(partner.club, _token(partner, "purchases:read"))
    assert problem(caller.send(line(1, next(iter(partner.club.members.values())))))["code"] == "scope-missing"
    assert problem(caller.get(f"{PURCHASES}/batches/999"))["code"] == "not-found"
    refused = _ask("grant_type=client_credentials&scope=vouchers:redeem", basic=_pair(partner))
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_scope"})


def test_a_token_ends_with_its_key_and_by_revocation_and_by_nobody_else(partner: Partner) -> None:
    text = _token(partner)
    source = ApiClient.objects.select_related("source").get().source
    other, other_key = keys.add(source=source, name="other", scopes=["purchases:read"])
    stranger = Partner(partner.club, other_key)
    assert _ask(f"token={text}", at=REVOKE, basic=_pair(stranger)).status_code == 200
    caller = Partner(partner.club, text)
    assert problem(caller.get(f"{PURCHASES}/batches/999"))["code"] == "not-found", "it still opens"
    assert _ask(f"token={text}", at=REVOKE, basic=_pair(partner)).status_code == 200
    assert problem(caller.get(f"{PURCHASES}/batches/999"))["code"] == "key-unknown"
    assert _ask("token=never_was", at=REVOKE, basic=_pair(partner)).status_code == 200
    kept = Partner(partner.club, _token(stranger))
    assert problem(kept.get(f"{PURCHASES}/batches/999"))["code"] == "not-found"
    keys.revoke(client=other)
    assert problem(kept.get(f"{PURCHASES}/batches/999"))["code"] == "key-unknown"
    assert _ask("grant_type=client_credentials", basic=_pair(stranger)).status_code == 401


@pytest.mark.parametrize(
    ("body", "error", "status"),
    [
        ("grant_type=password", "unsupported_grant_type", 400),
        ("scope=purchases:read", "invalid_request", 400),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        ("grant_type=client_credentials&client_secret=x", "invalid_request", 400),
        ("grant_type=%ff", "invalid_request", 400),
    ],
)
def test_refusals_are_those_of_rfc_6749(partner: Partner, body: str, error: str, status: int) -> None:
    answer = _ask(body, basic=_pair(partner))
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_wrong_secret_is_told_as_an_unknown_client_and_few_may_be_tried(partner: Partner) -> None:
    public = _pair(partner).partition(":")[0]
    for pair in (f"{public}:{'A' * 43}", f"{'0' * 16}:{'A' * 43}", "x"):
        answer = _ask("grant_type=client_credentials", basic=pair)
        assert (answer.status_code, answer.json(), answer["WWW-Authenticate"]) == (
            401,
            {"error": "invalid_client"},
            'Basic realm="tillit"',
        )
    assert _ask("{}", basic=_pair(partner), kind="application/json").status_code == 400
    public, _, hidden = _pair(partner).partition(":")
    assert _ask(f"grant_type=client_credentials&client_id={public}&client_secret={hidden}").status_code == 200
    answers = [_ask("grant_type=client_credentials", basic="x:y").status_code for _ in range(60)]
    assert answers[-1] == 429


def test_the_metadata_name_the_addresses(client: Client, settings: Any, db: None) -> None:
    settings.SITE_URL = "https://tillit.example"
    told = client.get("/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == "https://tillit.example"
    assert told["token_endpoint"] == f"https://tillit.example{TOKEN}"
    assert told["revocation_endpoint"] == f"https://tillit.example{REVOKE}"
    assert told["grant_types_supported"] == ["client_credentials"]
    assert {"purchases:write", "vouchers:redeem", "cards:verify"} <= set(told["scopes_supported"])
    assert set(told["scopes_supported"]) == set(keys.ALL_SCOPES)
    schemes = client.get("/api/v1/openapi.json").json()["components"]["securitySchemes"]
    assert set(schemes["OAuth"]["flows"]["clientCredentials"]["scopes"]) == set(told["scopes_supported"])


def test_whoever_uses_up_the_calls_keeps_nobody_from_revoking(partner: Partner) -> None:
    text = _token(partner)
    ApiClient.objects.update(per_minute=3)
    answers = [_ask("grant_type=client_credentials", basic=_pair(partner)).status_code for _ in range(5)]
    assert answers[-1] == 429, "the key's calls of the minute"
    answers = [_ask(f"token={text}", at=REVOKE, basic="x:y").status_code for _ in range(61)]
    assert (answers[0], answers[-1]) == (401, 429), "wrong secrets from the network"
    before = ApiToken.objects.count()
    assert _ask(f"token={text}", at=REVOKE, basic=_pair(partner)).status_code == 200
    assert ApiToken.objects.count() == before - 1
