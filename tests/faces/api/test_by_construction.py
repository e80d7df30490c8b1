"""What every operation of the API keeps, asked of each one that the description has: nothing here is a list of them."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from django.http import HttpResponse
from django.test import Client

from tests.faces.api.conftest import Partner
from tests.faces.api.test_description import description
from tillit.faces.api import examples
from tillit.faces.api.models import ApiClient

LOOKS = {"verify_voucher", "look_at_gift_card", "verify_card", "check_entitlement", "find_member"}
"""Asked with POST so that no code or address stands in an address of ours; they change nothing."""
SIGNED = {"webhook"}
"""Called with a signature instead of a key, and known again by its `webhook-id`."""
WHOLE = {"batch", "balance", "consents", "send_purchases", "webhook", "send_entitlements"}
"""Lists that end by themselves: of one call's rows, of one person's choices, of one person's bonus."""
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return description()


def operations(made: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in made["paths"].items():
        for method, facts in methods.items():
            yield method, path, facts


def call(operation: Operation, **headers: str) -> HttpResponse:
    """The operation's own example, about somebody and something that there is not."""
    method, path, facts = operation
    kinds = {one["name"]: one["schema"] for one in facts.get("parameters", ()) if one["in"] == "path"}

    def given(found: re.Match[str]) -> str:
        kind = kinds[found[1]]
        return "1" if kind["type"] == "integer" else str(uuid4()) if kind.get("format") == "uuid" else "none"

    body = examples.SENT.get(facts["operationId"])
    return Client(raise_request_exception=False).generic(
        method.upper(),
        re.sub(r"{(\w+)}", given, path) + ("?ground=service" if facts["operationId"] == "balance" else ""),
        b"" if body is None else json.dumps(body),
        content_type="application/json",
        headers=headers,
    )


def test_every_operation_has_examples_that_fit_its_own_schemas(made: dict[str, Any]) -> None:
    seen = 0
    for _, _, facts in operations(made):
        shown = [facts["requestBody"]] if "requestBody" in facts else []
        shown += [answer for status, answer in facts["responses"].items() if status.startswith("2")]
        for one in shown:
            part = one["content"]["application/json"]
            schema = part["schema"] | {"components": made["components"]}
            jsonschema.Draft202012Validator(schema).validate(part["example"])
            seen += 1
    assert seen > 50
    names = {facts["operationId"] for _, _, facts in operations(made)}
    assert (examples.SENT.keys() | examples.ANSWERED.keys()) == names, "none of what is gone"


def test_every_write_takes_an_idempotency_key(made: dict[str, Any]) -> None:
    writes = [one for one in operations(made) if one[0] != "get"]
    names = {facts["operationId"] for _, _, facts in writes}
    assert names > LOOKS | SIGNED
    for _, _, facts in writes:
        heads = {one["name"] for one in facts.get("parameters", ()) if one["in"] == "header"}
        if facts["operationId"] in SIGNED:
            assert "webhook-id" in heads
        elif facts["operationId"] not in LOOKS:
            assert "Idempotency-Key" in heads, facts["operationId"]
            told = json.dumps(facts["responses"])
            for code in ("malformed", "in-use", "reused"):
                assert f"idempotency-key-{code}" in told, facts["operationId"]


def test_every_list_goes_on_from_a_cursor(made: dict[str, Any]) -> None:
    schemas, lists = made["components"]["schemas"], 0
    for _, _, facts in operations(made):
        answer = next(one for status, one in facts["responses"].items() if status.startswith("2"))
        held = schemas[answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]["properties"]
        rows = [one for one in held.values() if one.get("type") == "array" and one["items"].get("type") != "string"]
        if rows and facts["operationId"] not in WHOLE:
            lists += 1
            assert "next" in held, facts["operationId"]
            assert "after" in {one["name"] for one in facts["parameters"]}, facts["operationId"]
    assert lists >= 4


def test_every_refusal_is_a_problem_document_that_is_described(made: dict[str, Any], partner: Partner) -> None:
    """Nobody's key, a key that may nothing, and one that has made its calls: 401, 403 and 429, of every operation."""
    ApiClient.objects.update(scopes=[])

    def refused(status: int, code: str, **headers: str) -> None:
        for operation in operations(made):
            answer, facts = call(operation, **headers), operation[2]
            if facts["operationId"] in SIGNED:
                continue
            told = answer.json()
            assert (answer.status_code, told["code"]) == (status, code), (facts["operationId"], told)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert code in facts["responses"][str(status)]["description"], facts["operationId"]
            assert "application/problem+json" in facts["responses"][str(status)]["content"]

    refused(401, "key-unknown")
    refused(403, "scope-missing", Authorization=f"Bearer {partner.key}")
    ApiClient.objects.update(per_minute=1)
    refused(429, "too-many-calls", Authorization=f"Bearer {partner.key}")
