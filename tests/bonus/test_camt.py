"""The bank's files against the settlements (C15): ISO 20022 XML, safe to read, each movement once."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.bonus.conftest import NOW, Y28, World
from tests.bonus.test_use import use
from tests.faces.test_staff import at_work, hire
from tillit.faces.cli.main import run
from tillit.files.camt import StatementRefusedError, covered, read
from tillit.journeys import reconciliation
from tillit.kernel import clock
from tillit.parties.actors import staff_actor

EN = {"Accept-Language": "en"}


def entry(reference: str, amount: str, *, sign: str = "CRDT", bank: str = "B1", day: str = "2026-06-05") -> str:
    return (
        f'<Ntry><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{bank}</AcctSvcrRef><NtryDtls><TxDtls>"
        "<RltdPties><Dbtr><Nm>Somebody Private</Nm></Dbtr></RltdPties>"
        f"<RmtInf><Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def statement(*entries: str, kind: str = "053.001.08") -> bytes:
    outer, part = ("BkToCstmrStmt", "Stmt") if kind.startswith("053") else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}"><{outer}>'
        f"<GrpHdr><MsgId>M</MsgId></GrpHdr><{part}><Id>S1</Id><Acct><Id><IBAN>NO9386011117947</IBAN></Id></Acct>"
        f"{''.join(entries)}</{part}></{outer}></Document>"
    ).encode()


def test_c15_statements_are_read_and_their_names_are_not() -> None:
    (one,) = read(statement(entry("12345", "10.50")))
    assert (one.amount, one.currency, one.reference, one.booked_on) == (1050, "NOK", "12345", date(2026, 6, 5))
    assert "Private" not in str(one)
    assert read(statement(entry("12345", "10.50"), kind="054.001.02")) == [one]  # the same movement in both files
    (out,) = read(statement(entry("12345", "10.50", sign="DBIT")))
    assert out.amount == -1050
    parts = "".join(
        f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="NOK">{amount}</Amt></TxDtls>'
        for name, amount in (("Kari Privat", "4.00"), ("22", "6.00"))
    )
    batch = entry("", "10.00").replace("<NtryDtls>", f"<NtryDtls>{parts}").partition("<TxDtls><RltdPties>")[0]
    assert [(m.reference, m.amount) for m in read(statement(f"{batch}</NtryDtls></Ntry>"))] == [("", 400), ("22", 600)]
    assert read(statement(entry("1", "1").replace("BOOK", "PDNG"))) == []


@pytest.mark.parametrize(
    ("opens", "closes", "first"),
    [("2026-03-03", "2026-03-03", 3), ("2026-03-02", "2026-03-03", 3), ("2026-03-03", "2026-03-02", None)],
)
def test_d8_a_statement_without_a_period_tells_of_no_day_it_may_have_been_opened_after(
    opens: str, closes: str, first: int | None
) -> None:
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, day in (("OPBD", opens), ("CLBD", closes))
    )
    told = [(one.first, one.last) for one in covered(statement(balances))]
    assert told == ([(date(2026, 3, first), date(2026, 3, 3))] if first else [])


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BOMB + b"<Document>&b;</Document>", "statement-xml"),
        (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>', "statement-xml"),
        (b"<Document", "statement-xml"),
        (b"\x00\xff", "statement-xml"),
        (b"<Document/>", "statement-kind"),
        (statement().replace(b"camt.053", b"pain.001"), "statement-kind"),
        (statement(entry("1", "ten")), "statement-entry"),
        (statement(entry("1", "1.005")), "statement-entry"),
        (statement(entry("1", "1", day="soon")), "statement-entry"),
        (b" " * 10_000_001, "statement-large"),
    ],
)
def test_c15_what_is_no_statement_is_refused_whole(body: bytes, code: str) -> None:
    with pytest.raises(StatementRefusedError) as refused:
        read(body)
    assert refused.value.code == code


def test_c15_what_chains_were_billed_and_paid_is_matched_and_differences_are_listed(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    member, club = world.member(), world.controllers["nordkai"]
    world.earn(member, 14_00, expires=Y28)
    use(world, member, 3_00)
    owner = hire(club, role="club_owner", name="Nina Eier")
    here = {"actor": staff_actor(staff=owner, controller=club), "controller": club}
    with pytest.raises(reconciliation.ReconciliationError):
        reconciliation.bill(**here, chain_key="nordkai-kjede", month=date(2026, 5, 1))
    with clock.travel(NOW + timedelta(days=35)):
        desk = at_work(owner)
        form = {"act": "bill", "chain": "nordkai-kjede", "month": "2026-05"}
        for _ in range(2):
            assert desk.post("/staff/nordkai/settlements/", form).status_code == 302
        billed, payable = reconciliation.compared(**here)
        assert (billed.bill.amount, payable.bill.amount) == (14_00, 3_00)
        assert reconciliation.open_amount(controller=club) == 2
        file = statement(
            entry(billed.bill.reference, "10.00"),
            entry(payable.bill.reference, "3.00", sign="DBIT", bank="B2"),
            entry("98765", "4.00", bank="B3"),
        )
        taken = reconciliation.take_in(**here, body=file)
        assert (taken.new, taken.known, taken.matched) == (3, 0, 2)
        assert reconciliation.take_in(**here, body=file.replace(b"camt.053", b"camt.054")).new == 0
        billed, payable = reconciliation.compared(**here)
        assert (billed.lacking, payable.lacking) == (4_00, 0)
        page = desk.get("/staff/nordkai/settlements/", headers=EN).text
        assert "98765" in page
        (loose,) = reconciliation.loose(**here)
        put = {"act": "put", "movement": loose.pk, "bill": str(billed.bill.pk)}
        assert desk.post("/staff/nordkai/settlements/", put).status_code == 302
        assert reconciliation.open_amount(controller=club) == 0
        assert ";1400;1400;0;NOK" in desk.get("/staff/nordkai/settlements/bills.csv").content.decode("utf-8-sig")
        path = tmp_path / "bank.xml"
        path.write_bytes(statement(entry(billed.bill.reference, "1.00", bank="B4")))
        assert run(["bonus", "reconcile", str(path), "--controller", "nordkai", "--as", owner.email]) == 0
        assert "2026-05 billed" in capsys.readouterr().out
        assert (
            at_work(hire(club, role="reception", name="Per Port")).get("/staff/nordkai/settlements/").status_code == 404
        )
        assert isinstance(billed.bill.billed_at, datetime)


# Written by hand from the message definitions of ISO 20022 (camt.053.001.02, camt.054.001.08).
DOCUMENTS = {
    "053": (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>S</MsgId></GrpHdr>"
        "<Stmt><Id>S-1</Id><Acct><Id><IBAN>NO9386011117947</IBAN></Id></Acct>{}</Stmt></BkToCstmrStmt></Document>"
    ),
    "054": (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        "<GrpHdr><MsgId>N</MsgId>"
        "</GrpHdr><Ntfctn><Id>N-7</Id><Acct><Id><IBAN>NO9386011117947</IBAN></Id></Acct>{}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ),
}
ENTRY = (
    '<Ntry><Amt Ccy="NOK">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-06-05</Dt></BookgDt>'
    "<AcctSvcrRef>BANK-1</AcctSvcrRef><NtryDtls>{}</NtryDtls></Ntry>"
)
PAID = "<TxDtls>{}<RmtInf><Strd><CdtrRefInf><Ref>{}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
AMOUNT = '<Amt Ccy="NOK">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
OLD_AMOUNT = '<AmtDtls><TxAmt><Amt Ccy="NOK">{}</Amt></TxAmt></AmtDtls>'


def document(kind: str, *entries: str) -> bytes:
    return DOCUMENTS[kind].format("".join(entries)).encode()


@pytest.mark.parametrize(
    ("total", "details", "movements"),
    [
        ("300.00", "", [(300_00, "")]),
        ("300.00", PAID.format("", "11"), [(300_00, "11")]),
        ("300.00", PAID.format("", "11") + PAID.format("", "22"), [(300_00, "")]),  # whose how much, nobody tells
        (
            "300.00",
            PAID.format(AMOUNT.format("100.00"), "11") + PAID.format(OLD_AMOUNT.format("200.00"), "22"),
            [(100_00, "11"), (200_00, "22")],
        ),
        (
            "298.00",  # net of a fee
            PAID.format(AMOUNT.format("100.00"), "11") + PAID.format(AMOUNT.format("200.00"), "22"),
            [(100_00, "11"), (200_00, "22"), (-2_00, "")],
        ),
        ("98.00", PAID.format(AMOUNT.format("100.00"), "11"), [(100_00, "11"), (-2_00, "")]),
        (
            "300.00",
            PAID.format(AMOUNT.format("100.00"), "11") + PAID.format("", "22"),
            [(100_00, "11"), (200_00, "")],
        ),
        (
            "300.00",
            PAID.format("", "11</Ref></CdtrRefInf></Strd><Strd><CdtrRefInf><Ref>22"),
            [(300_00, "")],
        ),
        (
            "300.00",  # paid in another currency: what came is the entry's
            PAID.format('<AmtDtls><TxAmt><Amt Ccy="EUR">25.00</Amt></TxAmt></AmtDtls>', "11"),
            [(300_00, "11")],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["053", "054"])
def test_c15_a_reference_is_that_of_its_own_payment(
    kind: str, total: str, details: str, movements: list[tuple[int, str]]
) -> None:
    found = read(document(kind, ENTRY.format(total, details)))
    assert [(one.amount, one.reference) for one in found] == movements
    assert len({(one.entry, one.part) for one in found}) == len(movements)
    assert {one.entry for one in found} == {one.entry for one in read(document("054", ENTRY.format(total, "")))}


def test_c15_two_equal_entries_are_two_payments() -> None:
    one, other = read(document("053", ENTRY.format("50.00", ""), ENTRY.format("50.00", "")))
    assert one.entry != other.entry
    assert [one, other] == read(document("054", ENTRY.format("50.00", ""), ENTRY.format("50.00", "")))


def test_c15_files_about_the_same_payment_add_up_to_it_in_any_order_for_each_club(world: World) -> None:
    member, club, other = world.member(), world.controllers["nordkai"], world.controllers["skogheim"]
    world.earn(member, 14_00, expires=Y28)
    use(world, member, 3_00)
    here, there = (
        {
            "actor": staff_actor(staff=hire(one, role="club_owner", name="Nina Eier"), controller=one),
            "controller": one,
        }
        for one in (club, other)
    )
    with clock.travel(NOW + timedelta(days=35)):
        billed, payable = reconciliation.bill(**here, chain_key="nordkai-kjede", month=date(2026, 5, 1))
        first, second = billed.reference, payable.reference
        single, batch = PAID.format("", first), PAID.format(AMOUNT.format("9.00"), first)
        batch += PAID.format(AMOUNT.format("2.00"), second)
        files = [
            document("053", ENTRY.format("5.00", "")),  # without details
            document("054", ENTRY.format("5.00", single)),  # the KID comes later
            document("053", ENTRY.format("11.00", "")),
            document("054", ENTRY.format("11.00", batch)),  # instead of the total
            document("053", ENTRY.format("11.00", "")),  # and again
        ]
        # Another club's people read them first: that is nothing to this one.
        assert [reconciliation.take_in(**there, body=one).new for one in files] == [1, 0, 1, 2, 0]
        assert [one.amount for one in reconciliation.loose(**here)] == []
        taken = [reconciliation.take_in(**here, body=one) for one in files]
        assert [(one.new, one.known, one.matched) for one in taken] == [
            (1, 0, 0),
            (0, 1, 1),
            (1, 0, 0),
            (2, 0, 2),
            (0, 1, 0),
        ]
        assert reconciliation.loose(**here) == []
        paid = {one.bill.kind: one.paid for one in reconciliation.compared(**here)}
        assert paid == {"billed": 14_00, "payable": -2_00}
        assert sorted(one.amount for one in reconciliation.loose(**there)) == [2_00, 5_00, 9_00]
        twice = document("053", ENTRY.format("7.00", ""), ENTRY.format("7.00", ""))
        assert reconciliation.take_in(**here, body=twice).new == 2
        by_hand, left = reconciliation.loose(**here)
        reconciliation.put_with(**here, movement_id=by_hand.pk, bill_id=billed.pk)
        parts = PAID.format(AMOUNT.format("3.00"), "") + PAID.format(AMOUNT.format("4.00"), second)
        reconciliation.take_in(**here, body=document("054", ENTRY.format("7.00", parts), ENTRY.format("7.00", parts)))
        paid = {one.bill.kind: one.paid for one in reconciliation.compared(**here)}
        assert paid == {"billed": 17_00, "payable": -10_00}  # 3.00 stays where the total was put
        assert [one.amount for one in reconciliation.loose(**here)] == [3_00]
        assert left.amount == 7_00
