"""Payments out as ISO 20022 XML: a pain.001.001.09 is written, a pain.002 read, whatever its version. Pure.

One payment information block a currency, each transfer booked by itself. Accounts stand as IBAN. A debtor's agent is
mandatory in the message and is known to the bank that gets it, so it is `NOTPROVIDED`. Of a report the references, the
states and the reason codes are read, and nothing else. A document type declaration is refused, and so every entity.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tillit.files.errors import FileRefusedError
from tillit.kernel.money import Money

SPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
LARGEST = 10_000_000
_STATUS = "urn:iso:std:iso:20022:tech:xsd:pain.002.001."
_OTHER = re.compile(r"[^0-9A-Za-zÀ-ÖØ-öø-ÿ /?:().,'+-]")


class StatusRefusedError(FileRefusedError):
    """The file is no pain.002 that can be read: `status-xml`, `-large`, `-kind`."""


@dataclass(frozen=True)
class Transfer:
    """One payment: `reference` (35 characters at most) comes back in every report; amount in minor units."""

    reference: str
    amount: int
    currency: str
    name: str = field(repr=False)
    account: str = field(repr=False)
    text: str


@dataclass(frozen=True)
class Order:
    """A file of payments: its number, who pays from which account (Norwegian, eleven digits), and on which day."""

    number: str
    made_at: datetime
    payer: str
    account: str
    on: date


@dataclass(frozen=True)
class Status:
    """What the bank says of a payment, or (no `reference`) of all of a `block`: `RJCT`, `ACSC` …, with the code of its
    reason. `block`: the name of its payment information block in the file.
    """

    reference: str
    status: str
    reason: str
    block: str = ""


@dataclass(frozen=True)
class Report:
    """A pain.002: of which file, what is said of all of it (empty: nothing), and of single payments."""

    number: str
    status: str
    reason: str
    payments: tuple[Status, ...]


def iban(account: str) -> str:
    """The IBAN of a Norwegian account of eleven digits (ISO 13616: mod 97 over the digits, `NO` as 2324)."""
    return f"NO{98 - int(account + '232400') % 97:02d}{account}"


def block_name(number: str, currency: str) -> str:
    """What the block of a currency is called in the file of that number."""
    return f"{number}-{currency}"


def write(order: Order, transfers: Sequence[Transfer]) -> bytes:
    """The file, the same for the same order and transfers."""
    root = Element("Document", xmlns=SPACE)
    body = SubElement(root, "CstmrCdtTrfInitn")
    head = SubElement(body, "GrpHdr")
    _leaf(head, "MsgId", order.number)
    _leaf(head, "CreDtTm", order.made_at.isoformat(timespec="seconds"))
    _sums(head, transfers)
    _leaf(head, "InitgPty/Nm", _words(order.payer, 140))
    ranked = sorted(transfers, key=lambda one: (one.currency, one.reference))
    for currency, group in groupby(ranked, key=lambda one: one.currency):
        _block(body, order, currency, list(group))
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(tostring(root, encoding="utf-8")) + b"\n"


def _block(body: Element, order: Order, currency: str, transfers: list[Transfer]) -> None:
    block = SubElement(body, "PmtInf")
    _leaf(block, "PmtInfId", block_name(order.number, currency))
    _leaf(block, "PmtMtd", "TRF")
    _leaf(block, "BtchBookg", "false")
    _sums(block, transfers)
    _leaf(block, "ReqdExctnDt/Dt", order.on.isoformat())
    _leaf(block, "Dbtr/Nm", _words(order.payer, 140))
    account = SubElement(block, "DbtrAcct")
    _leaf(account, "Id/IBAN", iban(order.account))
    _leaf(account, "Ccy", currency)
    _leaf(block, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    for one in transfers:
        part = SubElement(block, "CdtTrfTxInf")
        names = SubElement(part, "PmtId")
        _leaf(names, "InstrId", one.reference)
        _leaf(names, "EndToEndId", one.reference)
        _leaf(part, "Amt/InstdAmt", str(Money(one.amount, currency).decimal)).set("Ccy", currency)
        _leaf(part, "Cdtr/Nm", _words(one.name, 140))
        _leaf(part, "CdtrAcct/Id/IBAN", iban(one.account))
        _leaf(part, "RmtInf/Ustrd", _words(one.text, 140))


def read_status(body: bytes) -> Report:
    """What a pain.002 says. Raises `StatusRefusedError`."""
    if len(body) > LARGEST:
        raise StatusRefusedError("status-large", f"a report has at most {LARGEST} bytes")
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise StatusRefusedError("status-xml", "the file is no XML that is safe to read") from None
    if not str(root.tag).startswith("{" + _STATUS):
        raise StatusRefusedError("status-kind", "the file is no pain.002")
    whole = _first(root, "OrgnlGrpInfAndSts")
    if whole is None:
        raise StatusRefusedError("status-kind", "the file does not say which file it is about")
    found = []
    for block in _all(root, "OrgnlPmtInfAndSts"):
        told = [
            Status(_text(one, "OrgnlEndToEndId") or _text(one, "OrgnlInstrId"), _text(one, "TxSts"), _reason(one))
            for one in _all(block, "TxInfAndSts")
        ]
        state = _text(block, "PmtInfSts")
        if state and not told:
            found.append(Status("", state, _reason(block), _text(block, "OrgnlPmtInfId")))
        found += told
    return Report(_text(whole, "OrgnlMsgId"), _text(whole, "GrpSts"), _reason(whole), tuple(found))


def _sums(target: Element, transfers: Sequence[Transfer]) -> None:
    _leaf(target, "NbOfTxs", str(len(transfers)))
    _leaf(target, "CtrlSum", str(sum(Money(one.amount, one.currency).decimal for one in transfers)))


def _leaf(target: Element, path: str, text: str) -> Element:
    for name in path.split("/"):
        target = SubElement(target, name)
    target.text = text
    return target


def _words(text: str, longest: int) -> str:
    """Text in the characters that banks take; what they do not is a blank."""
    return " ".join(_OTHER.sub(" ", text).split())[:longest].strip() or "-"


def _reason(source: Element) -> str:
    found = _first(source, "StsRsnInf", direct=True)
    code = _first(found, "Cd") if found is not None else None
    text = (code.text or "").strip() if code is not None else ""
    return text if re.fullmatch("[A-Z0-9]{1,4}", text) else ""


def _all(source: Element, name: str) -> list[Element]:
    return [one for one in source.iter() if _local(one) == name and one is not source]


def _first(source: Element, name: str, *, direct: bool = False) -> Element | None:
    return next((one for one in (source if direct else source.iter()) if _local(one) == name), None)


def _text(source: Element, name: str) -> str:
    found = _first(source, name, direct=True)
    return (found.text or "").strip() if found is not None else ""


def _local(one: Element) -> str:
    return str(one.tag).rpartition("}")[2]
