"""Payouts as tests make them: who is paid, the files, what the bank says, and an oracle that reads a pain.001."""

from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from tests.bonus.test_camt import entry, statement
from tests.services.paying import ACCOUNT, Payer
from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.journeys import payment_desk, payments, payments_in, payouts
from tillit.kernel.scope import system
from tillit.privacy.prove.run import prove
from tillit.services import terms
from tillit.services.payout_models import Payout, PayoutRun

ELSEWHERE = "15032080119"
# pain.001.001.09, as its schema orders what is used of it: element → its children, in order.
ORDER = {
    "Document": ["CstmrCdtTrfInitn"],
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": [
        *("PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt"),
        "CdtTrfTxInf",
    ],
    "CdtTrfTxInf": ["PmtId", "Amt", "Cdtr", "CdtrAcct", "RmtInf"],
    "PmtId": ["InstrId", "EndToEndId"],
    "DbtrAcct": ["Id", "Ccy"],
}
TEXT = {"MsgId": 35, "PmtInfId": 35, "InstrId": 35, "EndToEndId": 35, "Nm": 140, "Ustrd": 140, "Id": 34}


def beginning() -> Payer:
    """A customer of a company with terms of payment. At `NOW`."""
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    terms.keep_terms(controller=trygghavn, starts=date(2026, 1, 1), account=ACCOUNT)
    who = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
    return Payer(trygghavn, who)


def name(one: Element) -> str:
    return str(one.tag).rpartition("}")[2]


def transfers(body: bytes) -> dict[str, tuple[str, Decimal]]:
    """End-to-end id → (account, amount) of a pain.001; fails on what its schema would not take. The oracle."""
    root = fromstring(body)
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    found: dict[str, tuple[str, Decimal]] = {}
    for one in root.iter():
        children = [name(each) for each in one]
        if name(one) in ORDER:
            ranks = [ORDER[name(one)].index(each) for each in children]
            assert ranks == sorted(ranks)
            assert set(ORDER[name(one)]) == set(children)
        if not children and name(one) in TEXT:
            assert 0 < len(one.text or "") <= TEXT[name(one)]
        if name(one) == "IBAN":
            digits = "".join(str(int(sign, 36)) for sign in (one.text or "")[4:] + (one.text or "")[:4])
            assert int(digits) % 97 == 1
        if name(one) == "CdtTrfTxInf":
            leaf = {name(each): each for each in one.iter()}
            assert leaf["InstdAmt"].attrib == {"Ccy": "NOK"}
            key = leaf["EndToEndId"].text or ""
            assert key not in found
            found[key] = (str(leaf["IBAN"].text)[4:], Decimal(str(leaf["InstdAmt"].text)))
    for one in root.iter():
        if name(one) in {"GrpHdr", "PmtInf"}:
            leaf = {name(each): each.text for each in one}
            assert int(leaf["NbOfTxs"] or 0) == len(found)
            assert Decimal(leaf["CtrlSum"] or 0) == sum(amount for _, amount in found.values())
    return found


def report(number: str, *told: tuple[str, str, str], group: str = "") -> bytes:
    """A pain.002 that says so of single payments, or of all."""
    parts = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for one, status, why in told
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>B</MsgId>'
        f"</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{number}</OrgnlMsgId>"
        f"{f'<GrpSts>{group}</GrpSts>' if group else ''}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId>{parts}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def refund(payer: Payer, amount: int, to: str = ELSEWHERE) -> Payout:
    """A payment by bank of an invoice, credited and given back to an account."""
    made = payer.invoice(amount)
    file = statement(entry(made.kid, f"{amount // 100}.{amount % 100:02d}", bank=f"I{made.number}"))
    payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    here = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    payment_desk.change_invoice(**here, invoice_id=made.id, act="credit", amount=amount)
    came = next(one for one in payer.payments() if one.invoice_id == made.id and one.amount == amount)
    payments.give_back(**here, payment_id=came.id, amount=amount, to_account=to)
    with payer.scope():
        return Payout.objects.get(amount=amount, payout_state="waiting")


def state() -> str:
    found = prove(controllers=["trygghavn"], kinds=["domains"])
    [one] = [one for one in found if one.promise.path == "activities.payouts"]
    return str(one.finding.status)


def of(payer: Payer, payout: Payout) -> Payout:
    with payer.scope("payouts"):
        return Payout.objects.get(subject_id=payout.subject_id, id=payout.id)


def two(payer: Payer) -> tuple[dict[str, Any], dict[str, Any]]:
    at = {"controller": payer.controller}
    return at | {"actor": system("clerk", {payer.controller.pk})}, at | {"actor": system("boss", {payer.controller.pk})}


def sent(payer: Payer, *chosen: Payout) -> PayoutRun:
    clerk, boss = two(payer)
    return payouts.approve(**boss, number=payouts.propose(**clerk, chosen=[one.id for one in chosen]).number)


def recorded(payer: Payer, *types: str) -> list[str]:
    with payer.scope("security_log"):
        return sorted(Event.objects.filter(type__in=types).values_list("type", flat=True))
