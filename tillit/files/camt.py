"""Bank statements and notifications as ISO 20022 XML: camt.053 and camt.054, whatever the version. Pure.

What is read of a movement: its amount, currency, direction, day, the bank's reference, and the reference it was paid
with (KID or RF in `CdtrRefInf`, else the end-to-end id). Names, accounts and free text are not read. A document type
declaration is refused, and so every entity; so is a file that is no such document.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tillit.files.errors import FileRefusedError
from tillit.kernel.money import exponent

LARGEST = 10_000_000
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.05"
_KINDS = ("3", "4")
_REFERENCE = re.compile(r"[0-9]{2,25}-?|RF[0-9]{2}[0-9A-Z]{1,21}")  # a KID or RF reference, nothing somebody wrote
_BOOKED = {"BOOK", ""}


class StatementRefusedError(FileRefusedError):
    """The file is no camt.053 or camt.054 that can be read: `statement-xml`, `-large`, `-kind`, `-entry`."""


@dataclass(frozen=True)
class Movement:
    """One movement on an account: `amount` in minor units, above zero on a credit.

    `entry`: which entry it is of, the same in every file that tells of it, as far as the bank gives it a reference;
    else by its place in this statement. Equal entries of a file are numbered. `part`: empty for all of it, `1`, `2` …
    for its payments, `rest` for what they do not explain (a fee). `told`: empty where the bank gives the entry a
    reference, so that two entries are two; else the kind of file (`3`, `4`): the other names the same one otherwise.
    """

    entry: str
    part: str
    booked_on: date
    amount: int
    currency: str
    reference: str
    told: str = ""


@dataclass(frozen=True)
class Covered:
    """What a statement (camt.053) tells everything of: an account, as the bank writes it, by whole days."""

    account: str
    first: date
    last: date


def read(body: bytes) -> list[Movement]:
    """The booked movements of a file, in order. Raises `StatementRefusedError`; then nothing of it is used."""
    root, kind = _document(body)
    try:
        return [movement for part in _children(root, "Stmt", "Ntfctn") for movement in _movements(part, kind)]
    except (KeyError, ValueError, InvalidOperation):
        raise StatementRefusedError("statement-entry", "an entry of the file cannot be read") from None


def covered(body: bytes) -> list[Covered]:
    """The accounts and whole days of which a file tells everything, the earliest first; a camt.054 of none.

    By the statement's period, else by the days of its opening and closing balances: of the opening day only where it
    is the closing one, since many banks give the balance the day it is left from. Raises as `read`.
    """
    root, kind = _document(body)
    try:
        found = [_covered(part) for part in _children(root, "Stmt")] if kind == "3" else []
    except ValueError:
        raise StatementRefusedError("statement-entry", "the period of the statement cannot be read") from None
    return sorted((one for one in found if one is not None and one.first <= one.last), key=lambda one: one.first)


def _document(body: bytes) -> tuple[Element, str]:
    """The root, and which kind it is: `3` a statement, `4` a notification."""
    if len(body) > LARGEST:
        raise StatementRefusedError("statement-large", f"a statement has at most {LARGEST} bytes")
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise StatementRefusedError("statement-xml", "the file is no XML that is safe to read") from None
    space = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
    kind = space[len(_NAMESPACE) : len(_NAMESPACE) + 1]
    if not (space.startswith(_NAMESPACE) and kind and kind in _KINDS):
        raise StatementRefusedError("statement-kind", "the file is neither camt.053 nor camt.054")
    return root, kind


def _account(part: Element) -> str:
    return _text(part, "Acct/Id/IBAN") or _text(part, "Acct/Id/Othr/Id")


def _covered(part: Element) -> Covered | None:
    first, last = (_text(part, f"FrToDt/{name}") for name in ("FrDtTm", "ToDtTm"))
    if first and last:
        begins, ends = datetime.fromisoformat(first), datetime.fromisoformat(last)
        late = begins.time() != time.min
        whole = ends.time() >= time(23, 59)
        return Covered(
            _account(part),
            begins.date() + timedelta(days=int(late)),
            ends.date() - timedelta(days=int(not whole)),
        )
    days = {_text(one, "Tp/CdOrPrtry/Cd"): _text(one, "Dt/Dt")[:10] for one in part if _local(one) == "Bal"}
    if not (days.get("OPBD") and days.get("CLBD")):
        return None
    opens, closes = date.fromisoformat(days["OPBD"]), date.fromisoformat(days["CLBD"])
    return Covered(_account(part), opens + timedelta(days=int(opens < closes)), closes)


def _movements(part: Element, kind: str) -> Iterator[Movement]:
    account = _account(part)
    met: Counter[str] = Counter()
    for place, entry in enumerate(_children(part, "Ntry")):
        if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) not in _BOOKED:
            continue
        booked = date.fromisoformat((_text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm"))[:10])
        named = _text(entry, "AcctSvcrRef")
        bank = named or f"{_text(part, 'Id')}:{place}"
        amount, currency = _amount(entry)
        alike = f"{account}|{bank}|{booked}|{amount}|{currency}"
        key = f"{account}|{bank}|{met[alike]}|{booked}|{amount}|{currency}"
        met[alike] += 1
        known = hashlib.sha256(key.encode()).hexdigest()[:32]
        for name, value, reference in _parts(entry, amount, currency):
            yield Movement(known, name, booked, value, currency, reference, "" if named else kind)


def _parts(entry: Element, amount: int, currency: str) -> Iterator[tuple[str, int, str]]:
    """The entry as one, or by its payments: (part, minor units, reference). They add up to the entry's amount.

    A reference is that of its own payment alone: a batch of which no amounts are told has none.
    """
    details = _children(entry, "TxDtls")
    told = [_stated(one, entry, currency) for one in details]
    if len(details) == 1 and told[0] in {None, amount}:
        yield "", amount, _reference(details[0])
        return
    if all(one is None for one in told):
        yield "", amount, "" if details else _reference(entry)
        return
    rest = amount
    for number, (value, source) in enumerate(zip(told, details, strict=True), 1):
        if value:
            rest -= value
            yield str(number), value, _reference(source)
    if rest:
        yield "rest", rest, ""


def _reference(source: Element) -> str:
    """What it was paid with, without spaces; none where it was paid with several."""
    stated = [_text(one, "Ref") for one in _children(source, "CdtrRefInf")]
    for texts in (stated, [_text(source, "Refs/EndToEndId")]):
        found = {"".join(one.split()) for one in texts} - {""}
        if len(found) > 1:
            return ""
        if found and _REFERENCE.fullmatch(one := found.pop()):
            return one
    return ""


def _amount(source: Element) -> tuple[int, str]:
    found = _find(source, "Amt")
    if found is None:
        raise KeyError("Amt")
    return _minor(found, _text(source, "CdtDbtInd"))


def _stated(source: Element, entry: Element, currency: str) -> int | None:
    """The amount of a payment in the account's currency, where it is told: `Amt`, or `AmtDtls/TxAmt` in older files."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = _find(source, path)
        if found is not None and found.attrib["Ccy"] == currency:
            return _minor(found, _text(source, "CdtDbtInd") or _text(entry, "CdtDbtInd"))[0]
    return None


def _minor(found: Element, sign: str) -> tuple[int, str]:
    currency = found.attrib["Ccy"]
    value = Decimal((found.text or "").strip()).scaleb(exponent(currency))
    if value != value.to_integral_value() or value < 0 or sign not in {"CRDT", "DBIT"}:
        raise ValueError(sign)
    return int(value) * (1 if sign == "CRDT" else -1), currency


def _children(source: Element, *names: str) -> list[Element]:
    """The elements of these names anywhere below, in order."""
    return [one for one in source.iter() if _local(one) in names and one is not source]


def _find(source: Element | None, path: str) -> Element | None:
    for name in path.split("/"):
        source = next((one for one in source if _local(one) == name), None) if source is not None else None
    return source


def _text(source: Element | None, path: str) -> str:
    found = _find(source, path)
    return (found.text or "").strip() if found is not None else ""


def _local(one: Element) -> str:
    return str(one.tag).rpartition("}")[2]
