"""From a file to staged rows: digests only, numbers nowhere, bad rows sealed (C4, C5)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from django.db import connection

from tests.support.shops import account_number, card_number, row, shops, source, write
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.files.errors import FileRefusedError, SealedRowError
from tillit.kernel import clock
from tillit.parties.digests import Kind, digest
from tillit.purchases import batches, quarantine, staging
from tillit.purchases.errors import UnknownSourceError
from tillit.purchases.models import Batch, QuarantinedRow, StagedPurchase
from tillit.purchases.reading import contacts, encoding, references
from tillit.purchases.reading.files import PurchaseFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def club() -> Controller:
    clock.travel(datetime(2026, 6, 1, tzinfo=UTC))
    club = publish_examples("bonus")["nordkai"]
    shops(club)
    source(club)
    return club


def stage(path: Path) -> Batch:
    known = references.load(source_key="fjellmat-kasse")
    with PurchaseFile(path) as file:
        batch = batches.begin(source_id=known.source_id, digest=file.digest(), name=path.name)
        staging.stage(batch=batch, chunks=file.chunks(), references=known)
    return batch


def test_c5_a_row_is_staged_as_digests(club: Controller, tmp_path: Path) -> None:
    number = card_number(7)
    batch = stage(write(tmp_path / "f.csv", [row(1, number, amount="-12,5", product="Brød")]))
    (staged,) = StagedPurchase.objects.all()
    assert staged.batch_id == batch.pk
    assert staged.line == 2
    assert staged.instrument == digest(club.register_id, Kind.CARD, number)
    assert staged.instrument_kind == Kind.CARD
    assert staged.last_four == number[-4:]
    assert staged.amount == -1250
    assert staged.currency == "NOK"
    assert staged.product == "Brød"
    assert staged.receipt == "R1"
    assert staged.refund_of is None
    assert staged.event_at.isoformat() == "2026-03-02T11:30:00+00:00"
    assert staged.external == UUID(bytes=encoding.external_digests(staged.source_id, pl.Series(["T1"])).tobytes())
    assert (batch.state, batch.rows_read, batch.quarantined) == ("staged", 1, 0)


def test_c4_no_number_of_a_file_is_stored_anywhere(club: Controller, tmp_path: Path) -> None:
    good, bad = card_number(7), card_number(8)
    stage(write(tmp_path / "f.csv", [row(1, good), row(2, bad, chain="nowhere"), row(3, bad[:-1] + "x")]))
    assert StagedPurchase.objects.count() == 1
    assert QuarantinedRow.objects.count() == 2
    with connection.cursor() as cursor:
        for table in ("purchases_staged", "purchases_quarantine", "purchases_batch"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", ["%1%"])
            assert cursor.fetchone()[0] > 0
            for number in (good, bad):
                for form in (number, number.encode().hex(), number[:12]):
                    cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{form}%"])
                    assert cursor.fetchone()[0] == 0


def test_c5_web_shop_rows_are_known_by_mobile_and_email_together(club: Controller, tmp_path: Path) -> None:
    header = "id,time,chain,store,amount,mobile,email,refund_of"
    when = "2026-03-02T12:30:00.250Z"
    lines = [
        f"T1,{when},fjellmat,2,10.00,+47 412 34 567,Kari@Example.org,",
        f"T2,{when},fjellmat,2,-4.00,41234567,kari@example.org,T1",
        f"T3,{when},fjellmat,2,10.00,41234567,,",
        f"T4,{when},fjellmat,2,10.00,41234567,kari,",
    ]
    stage(write(tmp_path / "f.csv", lines, header))
    one, two = StagedPurchase.objects.order_by("line")
    expected = contacts.pair_digest(club.register_id, "+4741234567", "kari@example.org")
    assert one.instrument == two.instrument == UUID(bytes=expected)
    assert one.instrument_kind == Kind.PHONE_AND_EMAIL
    assert one.last_four == ""
    assert one.product_group_id is None
    assert two.refund_of == one.external
    assert list(QuarantinedRow.objects.order_by("line").values_list("line", "field", "reason")) == [
        (4, "email", "means-missing"),
        (5, "email", "email-unreadable"),
    ]


def test_c4_an_account_number_is_one_wherever_it_stands(club: Controller, tmp_path: Path) -> None:
    number = account_number(1205000120)
    header = "id;time;chain;store;amount;card;account"
    lines = [f"T1;2026-03-02T12:30:00Z;fjellmat;1;1;{number};", f"T2;2026-03-02T12:30:00Z;fjellmat;1;1;;{number}"]
    stage(write(tmp_path / "f.csv", lines, header))
    one, two = StagedPurchase.objects.order_by("line")
    assert one.instrument == two.instrument == digest(club.register_id, Kind.ACCOUNT, number)


def test_the_same_row_has_the_same_digests_and_another_row_others(club: Controller, tmp_path: Path) -> None:
    card = card_number(1)
    same = [row(1, card), row(1, card), row(1, card, amount="100.0"), row(1, card, time="2026-03-02T11:30:00Z")]
    other = [
        row(1, card_number(2)),
        row(1, card, amount="100,01"),
        row(1, card, store=2),
        row(1, card, group="g2"),
        row(1, card, group=""),
        row(1, card, product="Te"),
        row(1, card, receipt="R2"),
        row(1, card, time="2026-03-02T12:30:01+01:00"),
    ]
    stage(write(tmp_path / "f.csv", [*same, *other]))
    rows = StagedPurchase.objects.order_by("line")
    assert len({staged.external for staged in rows}) == 1
    assert len({staged.payload for staged in rows[:4]}) == 1
    assert len({staged.payload for staged in rows}) == 1 + len(other)


def test_staging_again_replaces_what_an_earlier_try_left(club: Controller, tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", [row(1, card_number(1)), row(2, "4")])
    assert stage(path).pk == stage(path).pk
    assert StagedPurchase.objects.count() == 1
    assert QuarantinedRow.objects.count() == 1


def test_cash_earns_nothing_and_is_counted(club: Controller, tmp_path: Path) -> None:
    header = "id;time;chain;store;amount;card;payment"
    lines = [
        "T1;2026-03-02T12:30:00Z;fjellmat;1;1;;cash",
        f"T2;2026-03-02T12:30:00Z;fjellmat;1;1;{card_number(1)};card",
    ]
    lines += ["T3;2026-03-02T12:30:00Z;fjellmat;1;1;;barter"]
    batch = stage(write(tmp_path / "f.csv", lines, header))
    assert (batch.rows_read, batch.strangers, batch.quarantined) == (3, 1, 1)
    assert StagedPurchase.objects.count() == 1


def test_a_file_that_changes_while_it_is_read_is_refused(club: Controller, tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", [row(1, card_number(1))])
    known = references.load(source_key="fjellmat-kasse")

    def chunks(file: PurchaseFile) -> Any:
        for chunk in file.chunks():
            with path.open("a") as more:
                more.write(row(2, card_number(2)) + "\n")
            yield chunk

    with PurchaseFile(path) as file:
        batch = batches.begin(source_id=known.source_id, digest=file.digest(), name="f.csv")
        with pytest.raises(FileRefusedError) as refused:
            staging.stage(batch=batch, chunks=chunks(file), references=known)
    assert refused.value.code == "changed"
    assert not StagedPurchase.objects.exists()
    batches.withdraw(batch=batch)
    assert not Batch.objects.exists()


def test_quarantined_rows_open_only_where_they_were_sealed(club: Controller, tmp_path: Path) -> None:
    stage(write(tmp_path / "f.csv", [row(1, card_number(1), chain="nowhere"), row(2, "4")]))
    one, two = QuarantinedRow.objects.order_by("line")
    assert quarantine.open_row(one)["card"] == card_number(1)
    assert one.message == "The chain is not known."
    one.line = two.line
    with pytest.raises(SealedRowError):
        quarantine.open_row(one)


def test_an_unknown_source_is_refused(club: Controller) -> None:
    with pytest.raises(UnknownSourceError):
        references.load(source_key="nobody")
