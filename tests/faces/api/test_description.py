"""The OpenAPI description is 3.1, names every answer the API gives, and docs/api.md runs as it stands."""

import json
import re
from typing import Any

from django.test import Client

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner
from tests.faces.api.documented import run_page
from tests.faces.api.outside import Union
from tests.support.intake import SOURCE
from tillit.faces.api.problems import PROBLEMS, SHAPES, SUBSCRIBER, SUPPLIER, SYSTEM, TILL
from tillit.platform import paths
from tillit.purchases.models import Source, Store
from tillit.purchases.reading.columns import COLUMNS

DOCS = paths.root() / "docs"
PAGE, TILL_PAGE, SUPPLIER_PAGE, SYSTEM_PAGE = (
    (DOCS / name).read_text(encoding="utf-8") for name in ("api.md", "till.md", "benefits.md", "systems.md")
)
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
        ("get", "/api/v1/members"),
        ("post", "/api/v1/members/find"),
        ("get", "/api/v1/members/{member}"),
        ("patch", "/api/v1/members/{member}"),
        ("get", "/api/v1/members/{member}/consents"),
        ("post", "/api/v1/consents"),
        ("post", "/api/v1/rights"),
        ("get", "/api/v1/rights/{reference}"),
        ("post", "/api/v1/subscriptions"),
        ("get", "/api/v1/subscriptions"),
        ("delete", "/api/v1/subscriptions/{subscription}"),
        ("post", "/api/v1/subscriptions/{subscription}/rotate"),
        ("get", "/api/v1/subscriptions/{subscription}/events"),
        ("post", "/api/v1/subscriptions/{subscription}/events/{event}/replay"),
    }
    told = {code for one in operations.values() for code in re.findall(r"`([a-z-]+)`", json.dumps(one["responses"]))}
    assert told == PROBLEMS.keys() - {"method-not-allowed"}
    for (_, path), facts in operations.items():
        assert facts["security"] == (
            [] if "/webhooks/" in path else [{"Key": []}, {"OAuth": []}]
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
        code: status for code, (status, _) in PROBLEMS.items() if code not in TILL | SUPPLIER | SYSTEM | SUBSCRIBER
    }
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", SUPPLIER_PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {
        code: status for code, (status, _) in SUPPLIER.items()
    }
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", TILL_PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {code: status for code, (status, _) in TILL.items()}
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", SYSTEM_PAGE, flags=re.M))
    assert {code: int(status) for code, status in codes.items()} == {
        code: status for code, (status, _) in (SYSTEM | SUBSCRIBER).items()
    }
    shapes = dict(re.findall(r"^\| `([a-z-]+)` \| ([A-Z].*) \|$", PAGE, flags=re.M))
    assert shapes == SHAPES


def test_c5_every_example_of_the_page_runs_and_answers_as_it_says(partner: Partner) -> None:
    Store.objects.create(chain=partner.club.chain, number="12", name="Fjellmat Bodø")
    assert Source.objects.filter(key=SOURCE).exists()
    _, public, hidden = partner.key.split("_", 2)
    named = {"TILLIT_KEY": partner.key, "CLIENT_ID": public, "CLIENT_SECRET": hidden}
    assert run_page(DOCS / "api.md", named) == 6


def test_c9_c11_every_example_of_the_tills_page_runs_and_answers_as_it_says(partner: Partner) -> None:
    subject = next(iter(partner.club.members))
    tills.earn(partner.club, subject, 50_000)
    voucher, code = tills.voucher(partner.club, subject, 12_550)
    key = tills.till(partner.club).key
    gift = tills.TillSystem(key).post("gift-cards/sell", {"amount": "500", "receipt": "1"}).json()["code"]
    named = {"TILLIT_KEY": key, "GIFT_CODE": gift, "VOUCHER_CODE": code, "VOUCHER": str(voucher.id)}
    assert run_page(DOCS / "till.md", named) == 4


def test_f1_h8_h13_every_example_of_the_systems_page_runs_and_answers_as_it_says(union: Union) -> None:
    assert run_page(DOCS / "systems.md", {"TILLIT_KEY": union.system.key}) == 9


def test_no_page_shows_a_call_that_no_test_makes() -> None:
    pages = {path.name for path in DOCS.rglob("*.md") if "$ curl" in path.read_text(encoding="utf-8")}
    assert pages == {"api.md", "till.md", "systems.md"}
