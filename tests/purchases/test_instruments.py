"""Payment cards and accounts on a BonusID (C4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from tests.support.shops import account_number, card_number
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.faces.simulators.card_network import CardNetwork, par_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import directories, merging
from tillit.parties.actors import member_actor
from tillit.parties.digests import Kind, digest, digest_many
from tillit.purchases import operations, queries, reference_data
from tillit.purchases.errors import InstrumentRefusedError, ReferenceDataError
from tillit.purchases.models import EnterpriseRange, PaymentInstrument
from tillit.purchases.ownership import (
    Answer,
    Ownership,
    OwnershipCheck,
    OwnershipQuestion,
    asked_outside,
    configured,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def club() -> Controller:
    clock.travel(AT)
    return publish_examples("bonus")["nordkai"]


@contextmanager
def own_pages(club: Controller, subject: int) -> Iterator[Scope]:
    with Scope(member_actor(register_id=club.register_id, subject_id=subject, login_id=1), "self_service") as scope:
        yield scope


def register(club: Controller, subject: int, number: str, check: OwnershipCheck | None = None) -> PaymentInstrument:
    with own_pages(club, subject) as scope:
        return operations.register_instrument(
            scope=scope, subject_id=subject, controller_id=club.pk, number=number, at=AT, ownership=check
        )


def held_by(club: Controller, number: str, kind: Kind = Kind.CARD) -> int | None:
    return directories.resolve(register_id=club.register_id, kind=kind, digest=digest(club.register_id, kind, number))


@pytest.mark.parametrize(
    ("number", "kind", "network"),
    [
        (card_number(1), Kind.CARD, "visa"),
        (card_number(1, "555555"), Kind.CARD, "mastercard"),
        (card_number(1, "222300"), Kind.CARD, "mastercard"),
        (account_number(1205000120), Kind.ACCOUNT, "bankaxept"),
    ],
)
def test_c4_cards_and_debit_accounts_are_registered(club: Controller, number: str, kind: Kind, network: str) -> None:
    kari = person(club)
    made = register(club, kari, f"{number[:4]} {number[4:]}")
    assert (made.kind, made.network, made.last_four) == (kind, network, number[-4:])
    assert made.controller_id == holder_of(controller_id=club.pk)
    assert held_by(club, number, kind) == kari
    with own_pages(club, kari):
        assert queries.instruments(subject_id=kari) == [made]


def test_c4_the_number_itself_is_stored_nowhere(club: Controller) -> None:
    number = card_number(4711)
    kari = person(club)
    register(club, kari, number)
    with connection.cursor() as cursor, own_pages(club, kari):
        cursor.execute("SELECT t::text FROM purchases_instrument t")
        rows = [text for (text,) in cursor.fetchall()]
        assert rows
        assert number[-4:] in rows[0]
        assert not any(number[:10] in text or number in text for text in rows)
    assert number not in repr(OwnershipQuestion(kari, number))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (card_number(1)[:-1] + "0", "number-checksum"),
        ("4925", "number-length"),
        ("4925 abcd 0000 0000", "number-not-digits"),
        (card_number(1, "370000")[:15], "number-checksum"),
        ("378282246310005", "network"),
    ],
)
def test_c4_numbers_that_are_none_are_refused(club: Controller, number: str, code: str) -> None:
    kari = person(club)
    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, kari, number)
    assert refused.value.code == code
    assert number not in str(refused.value)


def test_c4_a_card_on_another_bonus_id_is_refused(club: Controller) -> None:
    kari, ola = person(club), person(club)
    register(club, kari, card_number(1))
    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, ola, card_number(1))
    assert refused.value.code == "taken"
    assert held_by(club, card_number(1)) == kari
    with own_pages(club, ola):
        assert queries.instruments(subject_id=ola) == []


def test_c4_registering_again_changes_nothing(club: Controller) -> None:
    kari = person(club)
    assert register(club, kari, card_number(1)).id == register(club, kari, card_number(1)).id


def test_c3_c4_a_card_of_a_merged_registration_is_not_registered_twice(club: Controller) -> None:
    kari, twin = person(club), person(club)
    made = register(club, twin, card_number(1))
    with Scope(system("test", {club.pk}), "register_administration") as scope:
        merging.merge(scope=scope, subject_id=twin, into=kari)
    assert register(club, kari, card_number(1)).id == made.id
    assert held_by(club, card_number(1)) == kari
    with own_pages(club, kari) as scope:
        assert queries.instruments(subject_id=kari) == [made]
        assert operations.remove_instrument(scope=scope, subject_id=kari, instrument_id=made.id, at=AT)
        assert queries.instruments(subject_id=kari) == []
    assert held_by(club, card_number(1)) is None
    assert register(club, kari, card_number(1)).id != made.id
    assert held_by(club, card_number(1)) == kari


def test_c4_company_cards_are_refused(club: Controller) -> None:
    kari = person(club)
    reference_data.keep_enterprise_ranges(prefixes=["49250000"])
    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, kari, card_number(1))
    assert refused.value.code == "enterprise"
    assert held_by(club, card_number(1)) is None
    reference_data.keep_enterprise_ranges(prefixes=["49250001", "540000"])
    assert EnterpriseRange.objects.count() == 2
    assert register(club, kari, card_number(1)).network == "visa"
    with pytest.raises(ReferenceDataError):
        reference_data.keep_enterprise_ranges(prefixes=["49"])


def test_c4_only_the_owners_own(club: Controller) -> None:
    kari = person(club)
    asked: list[OwnershipQuestion] = []

    def bank(question: OwnershipQuestion) -> Answer:
        asked.append(question)
        return Answer(Ownership.CONFIRMED if question.number == card_number(1) else Ownership.DENIED)

    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, kari, card_number(2), bank)
    assert refused.value.code == "not-owner"
    assert held_by(club, card_number(2)) is None
    assert register(club, kari, card_number(1), bank).last_four == card_number(1)[-4:]
    assert [question.subject_id for question in asked] == [kari, kari]


def denied(question: OwnershipQuestion) -> Answer:
    return Answer(Ownership.DENIED)


def test_c4_an_installation_names_its_check(club: Controller, settings: Any) -> None:
    kari = person(club)
    settings.OWNERSHIP_CHECK = f"{__name__}.denied"
    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, kari, card_number(1))
    assert refused.value.code == "not-owner"
    settings.OWNERSHIP_CHECK = ""
    assert register(club, kari, card_number(1)).last_four == card_number(1)[-4:]


def test_c4_a_removed_card_is_free_and_its_row_waits_for_retention(club: Controller) -> None:
    kari, ola = person(club), person(club)
    made = register(club, kari, card_number(1))
    later = AT + timedelta(days=3)
    with own_pages(club, kari) as scope:
        assert operations.remove_instrument(scope=scope, subject_id=kari, instrument_id=made.id, at=later)
        assert not operations.remove_instrument(scope=scope, subject_id=kari, instrument_id=made.id, at=later)
        assert queries.instruments(subject_id=kari) == []
        assert PaymentInstrument.objects.get(subject_id=kari, id=made.id).removed_at == later
    assert held_by(club, card_number(1)) is None
    register(club, ola, card_number(1))
    assert held_by(club, card_number(1)) == ola


def test_c4_nobody_removes_or_sees_anothers_card(club: Controller) -> None:
    kari, ola = person(club), person(club)
    made = register(club, kari, card_number(1))
    with own_pages(club, ola) as scope:
        assert not operations.remove_instrument(scope=scope, subject_id=kari, instrument_id=made.id, at=AT)
        assert not PaymentInstrument.objects.filter(subject_id=kari).exists()
    assert held_by(club, card_number(1)) == kari


def test_c5_a_web_shop_identity_is_mobile_and_email_together(club: Controller) -> None:
    kari, ola = person(club), person(club)
    register_id = club.register_id
    one, two = ("412 34 567", "Kari@Example.org"), ("41234567", "ny@example.org")
    with own_pages(club, kari) as scope:
        assert operations.recognise_in_web_shops(scope=scope, subject_id=kari, register_id=register_id, after=one)
    with own_pages(club, ola) as scope:
        same = ("+4741234567", "kari@example.org")
        assert not operations.recognise_in_web_shops(scope=scope, subject_id=ola, register_id=register_id, after=same)
    with own_pages(club, kari) as scope:
        assert operations.recognise_in_web_shops(
            scope=scope, subject_id=kari, register_id=register_id, before=one, after=two
        )
    kind = Kind.PHONE_AND_EMAIL
    known = {
        pair: directories.resolve(register_id=register_id, kind=kind, digest=operations._pair(register_id, pair))
        for pair in (one, two)
    }
    assert known == {one: None, two: kari}


def test_digests_of_many_are_those_of_one(club: Controller) -> None:
    values = ["", "4", card_number(1), "+4741234567 kari@example.org"]
    for kind in (Kind.CARD, Kind.PHONE_AND_EMAIL):
        many = digest_many(club.register_id, kind, [value.encode() for value in values])
        assert many == [digest(club.register_id, kind, value).bytes for value in values]


def test_reference_data_said_twice_is_kept_once(club: Controller) -> None:
    chain = reference_data.keep_chain(key="fjellmat", name="Fjellmat", controller_id=club.pk)
    for name in ("Fjellmat Bodø", "Fjellmat Bodø sentrum"):
        reference_data.keep_stores(chain=chain, stores={"1": (name, "Bodø")})
        reference_data.keep_product_groups(chain=chain, groups={"g1": name})
    assert list(chain.stores.values_list("number", "name")) == [("1", "Fjellmat Bodø sentrum")]
    assert list(chain.product_groups.values_list("key", "name")) == [("g1", "Fjellmat Bodø sentrum")]
    assert reference_data.keep_chain(key="fjellmat", name="Ny", controller_id=club.pk).pk == chain.pk
    with pytest.raises(ReferenceDataError):
        reference_data.keep_chain(key="fjellmat", name="Ny", controller_id=club.pk, currency="SEK")
    with pytest.raises(ReferenceDataError):
        reference_data.keep_chain(key="Fjell mat", name="Ny", controller_id=club.pk)


def test_a_sources_horizon_moves_forward_only(club: Controller) -> None:
    keep = {"key": "kasse", "name": "Kasse", "register_id": club.register_id}
    reference_data.keep_source(**keep, accept_from=date(2026, 1, 1))
    assert reference_data.keep_source(**keep, accept_from=date(2026, 2, 1)).accept_from.month == 2
    with pytest.raises(ReferenceDataError):
        reference_data.keep_source(**keep, accept_from=date(2026, 1, 1))


@pytest.fixture
def network(settings: Any) -> Iterator[CardNetwork]:
    made = CardNetwork(0, token="t")
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    settings.OWNERSHIP_SERVICE = made.address
    yield made
    made.shutdown()
    made.server_close()


def _ending(last_but_one: str) -> str:
    return next(number for number in map(card_number, range(100, 400)) if number[-2:-1] == last_but_one)


def test_c4_a_card_network_outside_is_asked_whose_a_card_is_and_tells_its_par(
    club: Controller, network: CardNetwork
) -> None:
    kari, ola = person(club), person(club)
    with pytest.raises(InstrumentRefusedError) as refused:
        register(club, kari, _ending("7"))
    assert refused.value.code == "not-owner"
    assert register(club, kari, _ending("8")).par is None  # it could not tell
    own = _ending("1")
    made = register(club, kari, own)
    par = par_of(own)
    known = digest(club.register_id, Kind.PAR, par)
    assert (made.par, network.count) == (known, 3)
    assert directories.resolve(register_id=club.register_id, kind=Kind.PAR, digest=known) == kari
    with own_pages(club, kari) as scope:
        operations.remove_instrument(scope=scope, subject_id=kari, instrument_id=made.id, at=AT)
    assert directories.resolve(register_id=club.register_id, kind=Kind.PAR, digest=known) is None
    register(club, ola, own)
    assert directories.resolve(register_id=club.register_id, kind=Kind.PAR, digest=known) == ola


def test_c4_who_is_not_answered_by_the_network_may_register_all_the_same(club: Controller, settings: Any) -> None:
    settings.OWNERSHIP_SERVICE = "http://t@127.0.0.1:9/"  # nobody listens there
    assert register(club, person(club), card_number(1)).par is None


@pytest.mark.parametrize(
    ("address", "fit"),
    [
        ("http://t@network.example/ask", False),
        ("http://t@127.0.0.1.example/", False),
        ("ftp://t@127.0.0.1/", False),
        ("//network.example/", False),
        ("https://", False),
        ("https://t@network.example/ask", True),
        ("http://t@localhost:9/", True),
        ("http://t@[::1]:9/", True),
    ],
)
def test_c4_a_card_number_is_never_sent_in_the_clear(settings: Any, address: str, fit: bool) -> None:
    settings.OWNERSHIP_SERVICE = address
    if fit:
        assert configured() is asked_outside
        return
    for ask in (
        configured,
        apps.get_app_config("purchases").ready,
        lambda: asked_outside(OwnershipQuestion(1, card_number(1))),
    ):
        with pytest.raises(ImproperlyConfigured):
            ask()
