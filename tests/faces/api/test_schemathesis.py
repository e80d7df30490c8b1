"""The API against its own description, with requests nobody thought of: no 5xx, no answer that is not described."""

import json
from typing import Any

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner
from tests.faces.api.test_description import description
from tests.support.intake import Club
from tillit.benefits.models import Frame, Supplier
from tillit.faces.api import keys, references, systems
from tillit.faces.api.models import ApiClient
from tillit.kernel import clock
from tillit.parties.rates import Limit
from tillit.services import product_models

QUIET = list(HealthCheck)
_OUTSIDE = {"key-unknown", "scope-missing"}


def _send(partner: Partner, callers: dict[str, str], case: Any) -> Any:
    """The answer to a made-up request, sent as whoever may call the operation; every other one of a person's is about
    a member.
    """
    key = next((key for part, key in callers.items() if part in case.path), partner.key)
    if "member" in (case.path_parameters or {}) and len(str(case.path_parameters["member"])) % 2:
        case.path_parameters["member"] = callers["member"]
    headers = {str(name): str(value) for name, value in (case.headers or {}).items()} | {
        "Authorization": f"Bearer {key}"
    }
    body = json.dumps(case.body, default=str).encode() if case.method != "GET" else b""
    browser = Client(raise_request_exception=False)
    return browser.generic(case.method, case.formatted_path, body, content_type="application/json", headers=headers)


def _callers(club: Club) -> dict[str, str]:
    """Part of an address → the key of who calls there; and what a system knows a member by."""
    client, text = keys.add(
        controller=club.controller,
        system_key="rundtur",
        activity="abuse_control",
        name="x",
        scopes=list(keys.SYSTEM_SCOPES),
    )
    supplier = Supplier.objects.create(key="hotell", name="Hotell")
    Frame.objects.create(supplier=supplier, controller=club.controller, starts=clock.today())
    _, orders = keys.add(supplier=supplier, name="x", scopes=list(keys.SUPPLIER_SCOPES))
    partner = product_models.Partner.objects.create(controller=club.controller, key="bank", name="Bank")
    _, entitled = keys.add(partner=partner, name="x", scopes=list(keys.PARTNER_SCOPES))
    made = {"/till/": tills.till(club).key, "/balance": "", "/members": text, "/consents": text, "/rights": text}
    made |= {"/orders": orders, "/cards/": orders, "/entitlements": entitled}
    return made | {"member": references.given(client, references.MEMBER, next(iter(club.members)))}


def _holds(partner: Partner, examples: int) -> int:
    """Send `examples` requests of each operation that fit its description, and as many that do not; how many."""
    callers, answered = _callers(partner.club), 0
    callers["/balance"] = callers["/till/"]
    ApiClient.objects.update(per_minute=1_000_000)
    for found in schemathesis.openapi.from_dict(description()).get_all_operations():
        operation = found.ok()
        described = operation.definition.raw["responses"]
        codes: set[str] = set()
        fitting, other = (operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=QUIET,
            derandomize=True,
            phases=[Phase.generate],
        )
        @given(cases=st.tuples(fitting, other), answers=st.just(described), codes=st.just(codes))
        def holds(cases: tuple[Any, Any], answers: dict[str, Any], codes: set[str]) -> None:
            nonlocal answered
            for case in cases:
                answer = _send(partner, callers, case)
                said = f"{case.method} {case.formatted_path}: {answer.status_code} {answer.content[:300]!r}"
                assert answer.status_code < 500, said
                assert str(answer.status_code) in answers, said
                kinds = answers[str(answer.status_code)].get("content", {})
                assert not kinds or answer["Content-Type"].partition(";")[0] in kinds, said
                answered += 1
                codes.add(str(answer.json().get("code", "done")))

        holds()
        assert codes - _OUTSIDE, f"{operation.path} was never asked by somebody who may"
    return answered


@pytest.fixture(autouse=True)
def _nobody_is_refused_for_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "UNKNOWN", Limit("api-unknown", 10**9, systems.UNKNOWN.every))


def test_the_api_answers_as_described_whatever_is_sent(partner: Partner) -> None:
    assert _holds(partner, 2) >= 12


@pytest.mark.soak
def test_the_api_answers_as_described_whatever_is_sent_for_long(partner: Partner) -> None:
    assert _holds(partner, 300) > 1000
