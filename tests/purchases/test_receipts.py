"""Receipts of the overview: lines together, newest first, page by page, and nobody else's (C10)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.support.shops import shops, source
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.actors import member_actor
from tillit.purchases import queries
from tillit.purchases.models import Batch, Chain, Purchase

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def club() -> Controller:
    clock.travel(AT)
    return publish_examples("bonus")["nordkai"]


@pytest.fixture
def chain(club: Controller) -> Chain:
    return shops(club)


@contextmanager
def own_pages(club: Controller, subject: int) -> Iterator[Scope]:
    with Scope(member_actor(register_id=club.register_id, subject_id=subject, login_id=1), "self_service") as scope:
        yield scope


def buy(
    chain: Chain, subject: int, product: str, amount: int, at: datetime, receipt: str = "", store: str = "1"
) -> None:
    sender = source(chain.controller)
    batch, _ = Batch.objects.get_or_create(source=sender, digest="0" * 64, defaults={"name": "t", "received_at": AT})
    with Scope(system("intake", {chain.controller_id}), "bonus_earning"):
        Purchase.objects.create(
            subject_id=subject,
            id=uuid4(),
            controller_id=chain.controller_id,
            source_id=sender.pk,
            chain_id=chain.pk,
            store_id=chain.stores.get(number=store).pk,
            event_at=at,
            amount=amount,
            currency="NOK",
            receipt=receipt,
            product=product,
            last_four="0004",
            batch_id=batch.pk,
        )


def test_c10_a_receipt_has_its_lines_store_place_date_and_card(club: Controller, chain: Chain) -> None:
    kari = person(club)
    buy(chain, kari, "Kaffe", 12990, AT, "R1")
    buy(chain, kari, "Brød", 4200, AT + timedelta(seconds=3), "R1")
    buy(chain, kari, "Brød", -4200, AT + timedelta(days=1), "R9")
    with own_pages(club, kari):
        refund, bought = queries.receipts(subject_ids=[kari])
    assert (bought.chain, bought.store, bought.place) == ("Fjellmat", "Fjellmat 1", "Bodø")
    assert (bought.receipt, bought.total, bought.currency, bought.last_four) == ("R1", 17190, "NOK", "0004")
    assert [(line.product, line.amount, line.refund) for line in bought.lines] == [
        ("Kaffe", 12990, False),
        ("Brød", 4200, False),
    ]
    assert bought.event_at == AT + timedelta(seconds=3)
    assert [(line.amount, line.refund) for line in refund.lines] == [(-4200, True)]


def test_c10_lines_of_other_stores_days_or_without_number_are_receipts_of_their_own(
    club: Controller, chain: Chain
) -> None:
    kari = person(club)
    buy(chain, kari, "a", 100, AT, "R1")
    buy(chain, kari, "b", 100, AT, "R1", store="2")
    buy(chain, kari, "c", 100, AT + timedelta(days=1), "R1")
    buy(chain, kari, "d", 100, AT)
    buy(chain, kari, "e", 100, AT)
    with own_pages(club, kari):
        found = queries.receipts(subject_ids=[kari])
    assert sorted(line.product for receipt in found for line in receipt.lines) == list("abcde")
    assert len(found) == 5


def test_c10_pages_show_every_receipt_once(club: Controller, chain: Chain) -> None:
    kari = person(club)
    for number in range(25):
        buy(chain, kari, str(number), 100, AT + timedelta(hours=number // 4), f"R{number}")
    seen: list[str] = []
    before: str | None = None
    with own_pages(club, kari):
        while page := queries.receipts(subject_ids=[kari], before=before, limit=4):
            seen += [receipt.receipt for receipt in page]
            before = page[-1].cursor
        whole = [receipt.receipt for receipt in queries.receipts(subject_ids=[kari], limit=100)]
    assert len(seen) == len(set(seen)) == 25
    assert seen == whole
    assert [int(name[1:]) // 4 for name in seen] == sorted((n // 4 for n in range(25)), reverse=True)


def test_c10_nobody_sees_anothers_receipts(club: Controller, chain: Chain) -> None:
    kari, ola = person(club), person(club)
    buy(chain, kari, "Kaffe", 100, AT, "R1")
    with own_pages(club, kari):
        assert len(queries.receipts(subject_ids=[kari])) == 1
    with own_pages(club, ola):
        assert queries.receipts(subject_ids=[kari]) == []
