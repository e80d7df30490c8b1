"""Bonus vouchers at the till (C9): verified, used once whoever asks, undone, in step with tills that were offline."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner, problem
from tests.faces.api.till import TillSystem
from tillit.bonus import voucher_endings
from tillit.bonus.models import Programme
from tillit.bonus.queries import overview
from tillit.faces.api import till as api
from tillit.faces.api.models import ApiCall
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.rates import Limit
from tillit.purchases.models import Chain, Store

VERIFY = "vouchers/verify"


@pytest.fixture
def member(partner: Partner) -> int:
    subject = next(iter(partner.club.members))
    tills.earn(partner.club, subject, 100_000)
    return subject


def available(partner: Partner, subject: int) -> tuple[int, int]:
    with Scope(system("test", {partner.club.controller.pk}), "self_service", frozenset({subject})):
        (found,) = overview(subject_id=subject, on=clock.today())
    return found.available, found.reserved


def test_c9_a_till_verifies_uses_and_looks_and_a_retry_is_told_the_same(partner: Partner, member: int) -> None:
    at = tills.till(partner.club)
    made, code = tills.voucher(partner.club, member, 12_550)
    seen = at.post(VERIFY, {"code": code})
    assert seen.status_code == 200
    assert seen.json() == {
        "voucher": str(made.id),
        "status": "open",
        "amount": "125.50",
        "used": None,
        "currency": "NOK",
        "valid_until": made.valid_until.isoformat(),
        "used_at": None,
        "receipt": None,
    }
    assert available(partner, member) == (87_450, 12_550)
    first = at.redeem(code, "125,50", once="a")
    assert (first.status_code, first.json()["status"], first.json()["used"]) == (200, "used", "125.50")
    again = at.redeem(code, "125,50", once="a")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert problem(at.redeem(code, "100", once="a"))["code"] == "idempotency-key-reused"
    assert at.redeem(code, "125.50", once="b").json() == first.json()  # the till lost its key, not its receipt
    ApiCall.objects.all().delete()  # cut off before the answer was kept
    assert at.redeem(code, "125,50", once="a").json() == first.json()
    told = problem(at.redeem(code, "125.50", receipt="3-0118"))
    assert (told["code"], told["receipt"]) == ("voucher-used", "3-0117")
    assert at.get(f"till/vouchers/{made.id}").json() == first.json()
    assert available(partner, member) == (87_450, 0)


def test_c9_two_tills_at_once_exactly_one_wins(partner: Partner, member: int) -> None:
    pair = [tills.till(partner.club, name=f"till {n}") for n in range(4)]
    _, code = tills.voucher(partner.club, member, 5_000)
    begin, answers, moment = threading.Barrier(len(pair)), [], clock.now()

    def ask(one: TillSystem) -> None:
        with clock.travel(moment):
            begin.wait()
            answers.append(one.redeem(code, "50"))
            connections.close_all()

    threads = [threading.Thread(target=ask, args=[one]) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert {"used_at"} <= problem(refused).keys()
    assert "receipt" not in problem(refused)  # another key's
    assert available(partner, member) == (95_000, 0)


def test_c9_a_till_undoes_its_own_use_and_no_other_tills(partner: Partner, member: int) -> None:
    at, other = tills.till(partner.club), tills.till(partner.club)
    made, code = tills.voucher(partner.club, member, 5_000)
    at.redeem(code, "50")
    assert problem(other.post(f"vouchers/{made.id}/void"))["code"] == "voucher-used"
    for _ in range(2):
        assert at.post(f"vouchers/{made.id}/void").json()["status"] == "void"
        assert available(partner, member) == (100_000, 0)
    assert problem(at.redeem(code, "50"))["code"] == "voucher-void"
    assert problem(at.post(f"vouchers/{partner.club.chain.pk:032x}/void"))["code"] == "not-found"


def test_c9_an_offline_till_reports_what_it_did_and_conflicts_are_told(partner: Partner, member: int) -> None:
    at, other = tills.till(partner.club), tills.till(partner.club)
    _, code = tills.voucher(partner.club, member, 5_000)
    used_at = clock.now() + timedelta(minutes=10)
    clock.advance(timedelta(hours=5))
    assert voucher_endings.release_everywhere() == 1
    assert problem(at.redeem(code, "50"))["code"] == "voucher-expired"
    done = at.redeem(code, "50", used_at=used_at.isoformat())
    assert (done.status_code, done.json()["used_at"]) == (200, used_at.isoformat())
    told = problem(other.redeem(code, "50", used_at=used_at.isoformat()))
    assert (told["code"], told["used_at"]) == ("voucher-used", used_at.isoformat())
    assert available(partner, member) == (95_000, 0)
    _, late = tills.voucher(partner.club, member, 5_000)
    used_at = clock.now()
    clock.advance(timedelta(hours=25))
    assert problem(at.redeem(late, "50", used_at=used_at.isoformat()))["code"] == "offline-window-passed"
    assert problem(at.redeem(late, "50", used_at="2026-06-02T10:00:00"))["code"] == "body-shape"


def test_c9_nothing_but_the_code_of_the_keys_own_chain_leads_to_a_voucher(
    partner: Partner, member: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = tills.till(partner.club)
    made, code = tills.voucher(partner.club, member, 5_000)
    chain = Chain.objects.create(key="other", name="Other", controller=partner.club.controller)
    elsewhere = tills.till(partner.club, chain=chain)
    assert problem(elsewhere.redeem(code, "50"))["code"] == "voucher-other-chain"
    assert problem(elsewhere.post(VERIFY, {"code": code}))["code"] == "voucher-other-chain"
    assert problem(elsewhere.get(f"till/vouchers/{made.id}"))["code"] == "voucher-unknown"
    wrong = f"{(int(code[0]) + 1) % 10}{code[1:]}"
    for sent, expected in ((wrong, "code-check-digit"), ("+47 900 00 001 00", "code-malformed")):
        assert problem(at.post(VERIFY, {"code": sent}))["code"] == expected
    for amount in ("0", "-50", "fifty", "1e3", "50.001"):
        assert problem(at.redeem(code, amount))["code"] == "amount-unreadable"
    assert problem(at.redeem(code, "50.01"))["code"] == "amount-above-voucher"
    assert problem(at.redeem(code, "50", store="77"))["code"] == "unknown-store"
    assert problem(at.redeem(code, "50", more="1"))["code"] == "body-shape"
    # A short code could be guessed in the end: whoever misses often waits.
    Programme.objects.filter(chain=partner.club.chain).update(voucher_barcode="ean13")
    _, short = tills.voucher(partner.club, member, 5_000)
    assert len(short) == 13
    monkeypatch.setattr(api, "MISSES", Limit("till-miss", 3, timedelta(hours=1)))
    for _ in range(3):
        assert problem(at.post(VERIFY, {"code": "2000000000008"}))["code"] == "voucher-unknown"
    assert problem(at.redeem(short, "50"))["code"] == "too-many-misses"
    assert tills.till(partner.club).redeem(short, "50").status_code == 200
    assert at.redeem(code, "50", store=Store.objects.filter(chain=partner.club.chain)[0].number).status_code == 200


def test_a_key_is_of_a_source_or_of_tills_and_does_only_that(partner: Partner, member: int) -> None:
    _, code = tills.voucher(partner.club, member, 5_000)
    assert problem(TillSystem(partner.key).redeem(code, "50"))["code"] == "scope-missing"
    reading = tills.till(partner.club, scopes=["vouchers:read"])
    assert reading.post(VERIFY, {"code": code}).status_code == 200
    assert problem(reading.redeem(code, "50"))["code"] == "scope-missing"
    store, other = Store.objects.filter(chain=partner.club.chain)[:2]
    fixed = tills.till(partner.club, store=store)
    assert problem(fixed.redeem(code, "50", store=other.number))["code"] == "unknown-store"
    assert fixed.redeem(code, "50", store=store.number).status_code == 200
    wrong: Any = {"source": None, "chain": partner.club.chain, "scopes": ["purchases:write"]}
    with pytest.raises(tills.keys.KeyRefusedError, match="no scope"):
        tills.keys.add(name="x", **wrong)
    with pytest.raises(tills.keys.KeyRefusedError, match="of a source, a supplier, a partner, a controller"):
        tills.keys.add(name="x", scopes=["vouchers:read"])
