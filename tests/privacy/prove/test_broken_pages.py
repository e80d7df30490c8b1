"""The site departs from what is declared of cookies, other sites and ways in: seen on its pages (G1, G2, B6)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from django.http import HttpRequest

from tests.privacy.prove.conftest import Installation
from tillit.bonus.gift_cards import book_of
from tillit.consent import cookies as choices
from tillit.declaration.site_parts import SignInWay
from tillit.faces import beacon
from tillit.faces.member_web import lost, passwords, sign_in
from tillit.faces.public_web import banner, cookies
from tillit.faces.site import Site
from tillit.files.chunks import Chunk
from tillit.journeys.openid import Provider
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Login, Session
from tillit.parties.passwords import faults
from tillit.purchases.models import Chain
from tillit.purchases.reading import checking, proof
from tillit.purchases.reading.references import References


class _Longer(IsoPeriod):
    @classmethod
    def parse(cls, text: str) -> IsoPeriod:
        """Never mind the text."""
        return IsoPeriod.parse("P1Y")


_chosen, _wanted, _refused = cookies.chosen, beacon.wanted, choices.refused


def _asked_all_the_same(request: HttpRequest, site: Site) -> cookies.Chosen | None:
    held = cookies._held(request)
    return _chosen(request, site) if held else None


def _yes_without_asking(request: HttpRequest, site: Site) -> cookies.Chosen | None:
    optional = frozenset(choices.optional_purposes(site.declaration))
    return _chosen(request, site) or cookies.Chosen(None, optional)


def _any_origin(request: HttpRequest, site: Site) -> str | None:
    return request.headers.get("Origin")


def _to_all(*args: Any, **kwargs: Any) -> SignInWay:
    return SignInWay(key="password", why={"nb": "x", "en": "x"})


def _stranger(*args: Any) -> list[Provider]:
    return [Provider("fremmed", "Fremmed", "https://fremmed.example", "x", "y")]


BREAKS: list[tuple[str, str, object, str, object, str]] = [
    ("lyngheim", "cookies.choice_lives", cookies, "IsoPeriod", _Longer, "the browser is told"),
    ("lyngheim", "cookies.choice_lives", banner, "IsoPeriod", _Longer, "the banner of the other sites is told"),
    ("lyngheim", "cookies.choice_lives", choices, "_until", lambda said, at: at, "the proof of a choice goes"),
    ("lyngheim", "cookies.purposes", cookies, "chosen", _yes_without_asking, "without a choice: "),
    ("solvik", "cookies.purposes", choices, "refused", lambda said, purposes: [], "left in the browser"),
    ("lyngheim", "cookies.respects_gpc", cookies, "chosen", _asked_all_the_same, "is asked all the same"),
    ("lyngheim", "cookies.respects_gpc", beacon, "wanted", lambda environ: True, "is counted"),
    ("lyngheim", "cookies.respects_gpc", banner, "_script", lambda: b"", "does not ask for Global"),
    ("lyngheim", "sites", banner, "_origin", _any_origin, "a site that is not declared is answered"),
    ("lyngheim", "sites", banner, "_origin", lambda request, site: None, "does not get the register"),
    ("lyngheim", "sites", banner, "_items", lambda site: [], "another register"),
    ("lyngheim", "sign_in_ways", passwords, "declared_way", lambda *_: None, "password is declared and does not open"),
    ("solvik", "sign_in_ways", passwords, "declared_way", _to_all, "password is not declared and opens"),
    ("lyngheim", "sign_in_ways", lost, "declared_way", lambda *_: None, "member_number is declared and does not open"),
    ("lyngheim", "sign_in_ways", sign_in, "offered", lambda *_: set(), "is not on the sign-in page"),
    ("lyngheim", "sign_in_providers", sign_in, "providers", _stranger, "leads to fremmed, which is not declared"),
]


@pytest.mark.parametrize(("controller", "path", "where", "name", "broken", "why"), BREAKS)
def test_g2_b6_a_site_that_does_otherwise_is_seen(
    live: Installation,
    monkeypatch: pytest.MonkeyPatch,
    controller: str,
    path: str,
    where: object,
    name: str,
    broken: Callable[..., Any],
    why: str,
) -> None:
    monkeypatch.setattr(where, name, broken)
    found = [one for one in live.proofs("domains", controller=controller) if one.promise.path == path]
    assert [one.finding.status for one in found] == ["broken"]
    assert any(why in fault for fault in found[0].finding.faults), found[0].finding.faults


def test_g2_b6_the_same_rows_are_kept_by_the_site_as_it_is(live: Installation) -> None:
    for controller in ("lyngheim", "solvik"):
        found = {one.promise.path: one.finding.faults for one in live.proofs("domains", controller=controller)}
        for path in {path for key, path, *_ in BREAKS if key == controller}:
            assert found[path] == (), path


def test_b6_a_password_that_is_taken_too_short_is_seen(live: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tillit.parties.passwords.faults", lambda **given: tuple(one for one in faults(**given) if one != "short")
    )
    found = [one for one in live.proofs("domains", controller="lyngheim") if one.promise.path == "sign_in_ways"]
    assert found[0].finding.faults == ("a password that is shorter than declared is taken",)


def test_b6_a_session_that_was_begun_in_a_way_nobody_declares_is_seen(live: Installation) -> None:
    login = Login.objects.create(
        created_at=clock.now(),
        password="",
        register_id=live.controllers["solvik"].register_id,
        subject_id=live.people["solvik", "Kari"],
    )
    Session.objects.create(
        session_key="x" * 32, session_data="", expire_date=clock.now() + timedelta(hours=1), login=login, method="vev"
    )
    why = "sessions were begun by vev, which no declaration has"
    found = [one for one in live.proofs("domains", controller="solvik") if one.promise.path == "sign_in_ways"]
    assert found[0].finding.faults == (why,)
    login.delete()
    assert live.states("domains", "solvik", "sign_in_ways") == {"kept"}


def test_g2_a_yes_on_record_to_what_was_not_asked_is_seen(live: Installation) -> None:
    controller = live.controllers["solvik"].pk
    live.sees(
        "domains",
        "solvik",
        "cookies.purposes",
        "INSERT INTO consent_cookie_choice (id, controller_id, version, offered, purposes, chosen_at, keep_until)"
        f" VALUES ('{uuid4()}', {controller}, 1, '{{alt}}', '{{alt}}', now(), now() + interval '1 year')",
        "DELETE FROM consent_cookie_choice",
    )


def test_c1_cash_that_is_taken_as_a_card_is_seen(live: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.states("domains", "nordkai", "programme.cash_earns") == {"kept"}

    def check(chunk: Chunk, references: References) -> checking.Checked:
        frame = chunk.frame.with_columns(pl.lit(checking.CARD).alias("payment"))
        return checking.check(Chunk(0, frame), references)

    monkeypatch.setattr(proof, "check", check)
    found = [one for one in live.proofs("domains", controller="nordkai") if one.promise.path == "programme.cash_earns"]
    assert found[0].finding.faults == ("a purchase in cash is kept, and is declared to earn nothing",)


def test_c11_a_gift_card_that_ends_before_its_declared_months_is_seen(live: Installation) -> None:
    controller = live.controllers["nordkai"]
    with Scope(system("test", {controller.pk}), "bonus_earning"):
        chain, _ = Chain.objects.get_or_create(
            key="nordkai-kort", defaults={"controller": controller, "name": "Prøve", "currency": "NOK"}
        )
        book = book_of(chain)
    card = (
        "INSERT INTO bonus_gift_card (subject_id, controller_id, chain_id, book_id, amount, currency, nonce, status,"
        " sold_at, expires_on) SELECT id, {c}, {chain}, {book}, 100, 'NOK', gen_random_uuid(), 'sold',"
        " '2026-01-31 12:00+01', '{day}' FROM parties_subject ORDER BY id LIMIT 1"
    )
    mine = {"c": controller.pk, "chain": chain.pk, "book": book.pk}
    with live.undone("bonus_gift_card"):
        live.owner.execute(card.format(day="2029-02-01", **mine))
        why = live.sees(
            "domains",
            "nordkai",
            "programme.gift_card_months",
            card.format(day="2029-01-31", **mine),
            "DELETE FROM bonus_gift_card WHERE expires_on = '2029-01-31'",
        )
    assert why == "1 gift cards end on another day than was declared when they were sold"
