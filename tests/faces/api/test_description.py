"""The OpenAPI description is 3.1, names every answer the API gives, and docs/api.md runs as it stands."""

import json
import re
import shlex
from base64 import b64encode
from typing import Any

from django.test import Client

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner
from tests.support.intake import SOURCE
from tillit.faces.api.problems import PROBLEMS, SHAPES, SUPPLIER, TILL
from tillit.platform import paths
from tillit.purchases.models import Source, Store
from tillit.purchases.reading.columns import COLUMNS

PAGE = (paths.root() / "docs" / "api.md").read_text(encoding="utf-8")
TILL_PAGE = (paths.root() / "docs" / "till.md").read_text(encoding="utf-8")
SUPPLIER_PAGE = (paths.root() / "docs" / "benefits.md").read_text(encoding="utf-8")
OPENAPI = "/api/v1/openapi.json"


def description() -> dict[str, Any]:
    answer = Client().get(OPENAPI)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_it_is_openapi_3_1_with_every_status_and_code(db: None) -> None:
    made = description()
    assert made["openapi"].startswith("3.1")
    operations = {(method, path): facts for path, methods in made["paths"].items() for method, facts in methods.items()}
    assert set(operations) == {
        ("post", "/api/v1/purchases"),
        ("get", "/api/v1/purchases/batches/{batch}"),
        ("post", "/api/v1/till/vouchers/verify"),
        ("post", "/api/v1/till/vouchers/redeem"),
        ("post", "/api/v1/till/vouchers/{voucher}/void"),
        ("get", "/api/v1/till/vouchers/{voucher}"),
        ("post", "/api/v1/webhooks/{public}"),
        *(("post", f"/api/v1/till/gift-cards/{act}") for act in ("sell", "look", "redeem", "undo", "return")),
        ("get", "/api/v1/members/{bonus_id}/balance"),
        ("post", "/api/v1/cards/verify"),
        ("get", "/api/v1/orders"),
        ("get", "/api/v1/orders/{order}"),
        ("post", "/api/v1/orders/{order}/status"),
        ("post", "/api/v1/orders/{order}/ask"),
        ("post", "/api/v1/entitlements"),
        ("post", "/api/v1/entitlements/check"),
    }
    told = {code for one in operations.values() for code in re.findall(r"`([a-z-]+)`", json.dumps(one["responses"]))}
    assert told == PROBLEMS.keys() - {"method-not-allowed"}
    for (_, path), facts in operations.items():
        assert facts["security"] == (
            [] if "webhooks" in path else [{"Key": []}, {"OAuth": []}]
        )  # an event is signed instead
        for status, answer in facts["responses"].items():
            kind = "application/json" if status.startswith("2") else "application/problem+json"
            assert list(answer["content"]) == [kind]
    send = operations["post", "/api/v1/purchases"]
    assert [(one["name"], one["required"]) for one in send["parameters"]] == [("Idempotency-Key", True)]
    schemas = made["components"]["schemas"]
    rows = schemas["Purchases"]["properties"]["purchases"]
    assert (rows["minItems"], rows["maxItems"]) == (1, 1000)
    assert list(rows["items"]["properties"]) == list(COLUMNS)
    assert rows["items"]["additionalProperties"] is False
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(made)))
    assert references <= schemas.keys()
    assert made["components"]["securitySchemes"]["Key"]["scheme"] == "bearer"


def test_the_tables_of_the_page_are_the_apis() -> None:
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {
        code: status for code, (status, _) in PROBLEMS.items() if code not in TILL | SUPPLIER
    }
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", SUPPLIER_PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {
        code: status for code, (status, _) in SUPPLIER.items()
    }
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", TILL_PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {code: status for code, (status, _) in TILL.items()}
    shapes = dict(re.findall(r"^\| `([a-z-]+)` \| ([A-Z].*) \|$", PAGE, flags=re.M))
    assert shapes == SHAPES


def test_c5_every_example_of_the_page_runs_and_answers_as_it_says(partner: Partner) -> None:
    """The examples are read as a shell would, and their curl commands sent to the site."""
    chain = partner.club.chain
    Store.objects.create(chain=chain, number="12", name="Fjellmat Bodø")
    assert Source.objects.filter(key=SOURCE).exists()
    examples = re.findall(r"```console\n(\$ curl[^`]*)```\n\n(\w[^`]*:\n\n)?```json\n([^`]*)```", PAGE)
    assert len(examples) == 6
    for command, _, answer in examples:
        _compare(json.loads(_curl(command, partner)), json.loads(answer))


def _curl(command: str, partner: Partner) -> bytes:
    """What `$ curl …` of the page answers."""
    _, public, hidden = partner.key.split("_", 2)
    named = {"$TILLIT_KEY": partner.key, "$CLIENT_ID": public, "$CLIENT_SECRET": hidden}
    for variable, value in named.items():
        command = command.replace(variable, value)
    words = shlex.split(command.removeprefix("$ ").replace("\\\n", " "))
    assert words[0] == "curl"
    headers, data, url = {}, None, ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = f"Basic {b64encode(next(rest).encode()).decode()}"
        elif word in {"-d", "--data"}:
            data = f"{data}&{next(rest)}" if data else next(rest)
        elif word.startswith("http"):
            url = re.sub(r"https?://[^/]+", "", word)
    if data is None:
        return partner.browser.get(url, headers=headers).content
    kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    return partner.browser.post(url, data, content_type=kind, headers=headers).content


def _compare(found: Any, told: Any) -> None:
    """Equal, but for times and, in the description, what the page leaves out."""
    if isinstance(told, dict):
        for name, value in told.items():
            if name.endswith("_at"):
                assert bool(found[name]) == bool(value)
            elif name == "access_token":
                assert found[name].startswith(value.rstrip("…"))
            else:
                _compare(found[name], value)
        assert found.keys() == told.keys() or "openapi" in told
    elif isinstance(told, list):
        assert len(found) == len(told)
        for one, other in zip(found, told, strict=True):
            _compare(one, other)
    else:
        assert found == told


def test_c9_c11_every_example_of_the_tills_page_runs_and_answers_as_it_says(partner: Partner) -> None:
    subject = next(iter(partner.club.members))
    tills.earn(partner.club, subject, 50_000)
    voucher, code = tills.voucher(partner.club, subject, 12_550)
    partner.key = tills.till(partner.club).key
    gift = tills.TillSystem(partner.key).post("gift-cards/sell", {"amount": "500", "receipt": "1"}).json()["code"]
    page = TILL_PAGE.replace("$GIFT_CODE", gift).replace("$VOUCHER_CODE", code).replace("$VOUCHER", str(voucher.id))
    examples = re.findall(r"```console\n(\$ curl[^`]*)```\n\n(\w[^`]*:\n\n)?```json\n([^`]*)```", page)
    assert len(examples) >= 3
    for command, _, answer in examples:
        _compare(json.loads(_curl(command, partner)), json.loads(answer))
