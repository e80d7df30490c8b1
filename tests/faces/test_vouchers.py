"""Vouchers and the balance on Min side (C9, C10): picked, shown, given back, explained."""

import csv
import io
import re
from uuid import uuid4

import pytest
from django.test import Client

from tests.bonus.conftest import NOW, Y27, Y28, build
from tests.bonus.test_gift_cards import active
from tests.bonus.test_vouchers import made, merged, redeem
from tests.faces.conftest import make_person, sign_in
from tillit.bonus import codes, offers, rates, suspensions, vouchers
from tillit.bonus.models import Voucher
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.faces.texts import texts
from tillit.kernel import clock
from tillit.ledger.kinds import KINDS

pytestmark = pytest.mark.django_db
MIN = "/nordkai/min-side/"


def form(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]+)"', page)
    assert found is not None
    return found.group(1)


def test_c9_a_member_picks_the_amount_shows_the_voucher_and_gives_it_back(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001")
        other = make_person(world.controllers["nordkai"], "Ola", "Vik", "+4790000002")
        sign_in(client, someone)
        empty = client.get(MIN + "vouchers/").content.decode()
        assert "Du har ingen bonus å bruke nå" in empty
        world.earn(someone.subject_id, 20_000)
        page = client.get(MIN + "vouchers/").content.decode()
        key, chain = form(page), world.chains["nordkai"].key
        for amount, words in (("0", "over null"), ("tolv", "over null"), ("200,01", "ikke så mye")):
            answer = client.post(MIN + "vouchers/", {"key": key, "chain": chain, "amount": amount})
            assert answer.status_code == 422
            assert words in answer.content.decode()
        assert client.post(MIN + "vouchers/", {"key": key, "chain": "x", "amount": "1"}).status_code == 422
        made = [client.post(MIN + "vouchers/", {"key": key, "chain": chain, "amount": "125,50"}) for _ in range(2)]
        assert made[0].status_code == 302
        assert made[0]["Location"] == made[1]["Location"]  # pressed twice is one voucher
        shown = client.get(made[0]["Location"]).content.decode()
        with world.scope("self_service", someone.subject_id):
            voucher = Voucher.objects.get(subject_id=someone.subject_id)
        code = vouchers.code_of(voucher=voucher, register_id=world.controllers["nordkai"].register_id)
        assert codes.grouped(code) in shown
        assert "<svg" in shown
        assert "125,50" in shown
        assert "74,50" in client.get(MIN).content.decode()
        stranger = Client()
        sign_in(stranger, other)
        assert stranger.get(made[0]["Location"]).status_code == 404
        assert stranger.post(made[0]["Location"]).status_code == 404
        assert client.post(made[0]["Location"]).status_code == 302
        assert "200,00" in client.get(MIN).content.decode()
        again = client.get(made[0]["Location"]).content.decode()
        assert "Ikke brukt, gått tilbake" in again
        assert codes.grouped(code) not in again


def test_c3_c9_vouchers_of_every_subject_of_a_merged_person_are_shown_and_given_back(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001")
        alias = world.member()
        world.earn(alias, 500)
        voucher = made(world, alias, 300)
        sign_in(client, someone)
        address = f"{MIN}vouchers/{voucher.id}/"
        assert client.get(address).status_code == 404
        merged(world, alias, someone.subject_id)
        assert address in client.get(MIN + "vouchers/").content.decode()
        assert "3,00" in client.get(address).content.decode()
        assert client.post(address).status_code == 302
        assert "Ikke brukt, gått tilbake" in client.get(address).content.decode()


def test_c10_the_page_and_its_file_explain_every_ore(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001")
        subject = someone.subject_id
        world.earn(subject, 1000, expires=Y27)
        world.earn(subject, 1000, expires=Y28)
        programme = world.programmes["nordkai"]
        with world.scope("bonus_use", subject) as scope:
            made = vouchers.reserve(
                scope=scope, subject_id=subject, programme=programme, amount=1200, key=uuid4(), at=clock.now()
            )
        redeem(world, vouchers.code_of(voucher=made, register_id=programme.chain.controller.register_id), 1200)
        sign_in(client, someone)
        address = f"{MIN}bonus/{world.chains['nordkai'].key}/"
        page = client.get(address).content.decode()
        assert "Tjent opp" in page
        assert "8,00" in page
        answer = client.get(address + "?form=csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        own = [row for row in rows if row["account"] in {"lot", "reserved", "debt"}]
        assert len(own) == 8  # two earned, two set aside (from and to), two used
        assert sum(round(100 * float(row["amount"])) for row in own) == 800
        assert client.get(f"{MIN}bonus/nowhere/").status_code == 404


def test_c14_no_voucher_is_made_while_use_is_suspended(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001")
        world.earn(someone.subject_id, 1000)
        chain = world.chains["nordkai"]
        suspensions.suspend(chain_id=chain.pk, what="use", starts=NOW, reason="outage")
        sign_in(client, someone)
        key = form(client.get(MIN + "vouchers/").content.decode())
        answer = client.post(MIN + "vouchers/", {"key": key, "chain": chain.key, "amount": "1"})
        assert answer.status_code == 422
        assert "stanset" in answer.content.decode()


def test_c11_offers_are_shown_and_those_for_an_audience_only_with_consent(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001")
        chain, when = world.chains["nordkai"], rates.When(NOW)
        gift = offers.Gift("rate", basis_points=150)
        offers.make(chain_id=chain.pk, key="all", name="Grønn uke", gift=gift, when=when)
        reach = offers.Reach(targeted=True)
        mine = offers.make(chain_id=chain.pk, key="mine", name="Bare for deg", gift=gift, when=when, reach=reach)
        sign_in(client, someone)
        page = client.get(MIN + "offers/").content.decode()
        assert "Grønn uke" in page
        assert "1.5 %" in page
        with world.scope("marketing", someone.subject_id) as scope:
            offers.aim(scope=scope, offer=mine, subject_ids=[someone.subject_id], because="test")
        assert "Bare for deg" not in client.get(MIN + "offers/").content.decode()
        with world.scope("consent_management", someone.subject_id) as scope:
            record(
                scope=scope,
                subject_id=someone.subject_id,
                controller_id=world.controllers["nordkai"].pk,
                activity="marketing",
                channel="web",
                kind=EventKind.GIVEN,
                route="self_service",
                wording="x",
                at=clock.now(),
            )
        assert "Bare for deg" in client.get(MIN + "offers/").content.decode()


def test_c11_whoever_has_the_code_sees_what_a_gift_card_holds_ten_times_an_hour(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        sign_in(client, make_person(world.controllers["nordkai"], "Kari", "Dal", "+4790000001"))
        _, code = active(world, 12_300)
        answer = client.post(MIN + "offers/", {"code": codes.grouped(code)})
        assert "123,00" in answer.content.decode()
        answers = [client.post(MIN + "offers/", {"code": "123"}) for _ in range(10)]
        assert {one.status_code for one in answers} == {422}
        assert "Vent en time" in answers[-1].content.decode()


def test_every_kind_of_account_has_its_words() -> None:
    for language in ("nb", "en"):
        assert {f"account.{kind.key}" for kind in KINDS.values()} <= set(texts(language))
