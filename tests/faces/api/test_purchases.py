"""Purchases by the API (C5): the statements of files, all or none, every refused row named, nothing told of people."""

import json
from typing import Any

import pytest

from tests.faces.api.conftest import PURCHASES, Partner, line, problem
from tests.support.intake import SOURCE, outcome
from tests.support.shops import card_number, row, source, write
from tillit.consent.operations import restrict
from tillit.faces.api import keys
from tillit.journeys.purchase_import import import_file
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger
from tillit.purchases.models import Batch


def balances(partner: Partner) -> list[int]:
    actor = system("test", {partner.club.controller.pk})
    with Scope(actor, "bonus_earning"):
        return [
            sum(sum(book.values()) for book in ledger.balances(subject_id=subject, on=clock.today()).values())
            for subject in partner.club.members
        ]


def test_c5_purchases_sent_by_the_api_are_rated_posted_and_counted_once(partner: Partner) -> None:
    one, two = partner.club.members.values()
    answer = partner.send(line(1, one), line(2, two, amount="50,00"), line(3, card_number(99)))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["state"], told["rows"], told["accepted"], told["put_aside"]) == ("finished", 3, 3, [])
    batch = Batch.objects.get(pk=told["batch"])
    assert (batch.posted, batch.strangers) == (2, 1)
    assert balances(partner) == [200, 100]
    assert answer.headers["Location"] == f"{PURCHASES}/batches/{batch.pk}"
    assert partner.get(answer.headers["Location"]).json() == told
    again = partner.send(line(1, one), line(2, two, amount="50,00"), line(3, card_number(99)))
    assert (again.status_code, again.json()["batch"]) == (200, batch.pk)
    other = partner.send(line(1, one), line(4, one))
    assert (other.status_code, other.json()["accepted"]) == (201, 2)
    assert balances(partner) == [400, 100]


def test_c5_the_answer_does_not_tell_members_from_strangers_nor_who_is_restricted(partner: Partner) -> None:
    one, two = partner.club.members
    with Scope(system("test", {partner.club.controller.pk}), "rights_requests", frozenset({two})) as scope:
        restrict(
            scope=scope,
            subject_id=two,
            controller_id=partner.club.controller.pk,
            ground="accuracy",
            at=clock.now(),
        )
    sent = [partner.club.members[one], partner.club.members[two], card_number(99)]
    answers = [partner.send(line(n, card)).json() for n, card in enumerate(sent)]
    batches = list(Batch.objects.order_by("id").values_list("posted", "parked", "strangers"))
    assert batches == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    for answer in answers:
        del answer["batch"]
    assert answers[0] == answers[1] == answers[2]


def test_every_refused_row_is_named_and_none_is_taken_in(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    wrong: dict[int, tuple[Any, str, str]] = {
        2: (line(2, one, amount=129.9), "amount", "not-text"),
        3: (line(3, one, name="Kari"), "", "unknown-field"),
        4: (["A4"], "", "not-an-object"),
        5: (line(5, one, time="2026-03-02T12:30:00"), "time", "time-naive"),
        6: (line(6, one, store="77"), "store", "unknown-store"),
        7: (line(7, "4925000000000005"), "card", "card-checksum"),
        8: (line(8, one, product="=1+1"), "product", "formula"),
        9: (line(9, one, product="a\x00b"), "product", "control-character"),
        10: (line(10, one, product="\ud800"), "product", "encoding"),
        11: (line(1, one, amount="7.00"), "id", "id-reused"),
        12: (line(12, one, amount="NaN"), "amount", "amount-unreadable"),
        13: (line("", one, id=""), "id", "missing"),
        14: ({}, "id", "missing"),
    }
    told = problem(partner.send(line(1, one), *(row for row, _, _ in wrong.values()), line(15, one)))
    assert (told["status"], told["code"]) == (422, "rows-refused")
    named = {row["line"]: (row["field"], row["code"]) for row in told["rows"]}
    assert named == {place: (name, code) for place, (_, name, code) in wrong.items()}
    assert all(row["reason"] and row["reason"] != row["code"] for row in told["rows"])
    assert one not in json.dumps(told)
    assert not Batch.objects.exists()


def test_an_id_counted_before_with_another_content_is_put_aside_and_named(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    assert partner.send(line(1, one)).status_code == 201
    told = partner.send(line(1, one, amount="900.00"), line(2, one)).json()
    assert (told["rows"], told["accepted"]) == (2, 1)
    ((place, code),) = [(row["line"], row["code"]) for row in told["put_aside"]]
    assert (place, code) == (1, "id-reused")
    assert balances(partner)[0] == 400


def test_a_partner_sees_its_own_batches_only(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    place = partner.send(line(1, one)).headers["Location"]
    _, key = keys.add(source=source(partner.club.controller, key="other"), name="x", scopes=["purchases:read"])
    other = Partner(partner.club, key)
    assert partner.get(place).status_code == 200
    for path in (place, f"{PURCHASES}/batches/{10**30}", f"{PURCHASES}/batches/0", f"{PURCHASES}/batches/x"):
        assert problem(other.get(path))["code"] == "not-found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 422, "body-shape"),
        ("{", 400, "body-unreadable"),
        ('{"purchases": [], "purchases": []}', 400, "body-unreadable"),
        ('{"purchases": NaN}', 400, "body-unreadable"),
        (b'{"purchases": ["\xff"]}', 400, "body-unreadable"),
        ("[" * 100_000, 400, "body-unreadable"),
        ("[1" + "0" * 10_000 + "]", 400, "body-unreadable"),
        ("[]", 422, "body-shape"),
        ('{"purchases": []}', 422, "body-shape"),
        ('{"purchases": {}}', 422, "body-shape"),
        ('{"purchases": [{}], "more": 1}', 422, "body-shape"),
        (json.dumps({"purchases": [{}] * 1001}), 422, "body-shape"),
        (json.dumps({"purchases": ["x" * 2**21]}), 413, "body-too-large"),
        (json.dumps({"purchases": ["x" * (6 * 2**20)]}), 413, "body-too-large"),
    ],
)
def test_a_body_that_is_none_is_refused(partner: Partner, body: str | bytes, status: int, code: str) -> None:
    told = problem(partner.post(body))
    assert (told["status"], told["code"]) == (status, code)


def test_another_media_type_method_or_address_is_a_problem_too(partner: Partner) -> None:
    headers = {"Authorization": f"Bearer {partner.key}", "Idempotency-Key": "k"}
    told = problem(partner.browser.post(PURCHASES, "id;time", content_type="text/csv", headers=headers))
    assert told["code"] == "not-json"
    refused = partner.browser.delete(PURCHASES, headers=headers)
    assert (problem(refused)["code"], refused.headers["Allow"]) == ("method-not-allowed", "POST")
    for path in ("/api/", "/api/v1/", "/api/v2/purchases", "/api/v1/purchases/x", "/api/v1/docs"):
        assert problem(partner.get(path))["code"] == "not-found"


def test_what_the_api_posts_is_what_a_file_posts(partner: Partner, fresh_db: Any, tmp_path: Any) -> None:
    one, two = partner.club.members.values()
    assert partner.send(line(1, one), line(2, two)).status_code == 201
    lines = [row(f"1{n}", card, product="", receipt=" ", group="") for n, card in enumerate((one, two))]
    import_file(path=write(tmp_path / "f.csv", lines), source_key=SOURCE)
    assert balances(partner) == [400, 400]
    with fresh_db.connect("backup") as connection:
        transfers = outcome(connection)["transfers"]
    assert len(transfers) == 4
    assert len({transfer[2:] for transfer in transfers}) == 1
