"""The rows of a partner's list: what columns are called, what a row must be, and why it cannot be used (D1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tillit.declaration.schema import PayingPartner
from tillit.files import reasons
from tillit.files.reasons import Reason
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.identifiers import IdentifierError, email, national_number, phone
from tillit.kernel.identifiers import name as names
from tillit.parties.digests import Kind, digest

CALLED = {
    "given": ("fornavn", "first_name"),
    "family": ("etternavn", "last_name"),
    "identity_number": ("fødselsnummer", "fodselsnummer", "fnr", "national_number"),
    "customer_number": ("kundenummer", "kundenr", "medlemsnummer"),
    "product": ("produkt", "tjeneste"),
    "starts": ("fra", "from"),
    "ends": ("til", "to", "until"),
    "email": ("e-post", "epost", "e-mail"),
    "phone": ("telefon", "mobil", "mobile"),
}
BY_NAME = {name: column for column, called in CALLED.items() for name in (column, *called)}
REQUIRED = frozenset({"given", "family", "product"})
IDENTIFIERS = ("identity_number", "customer_number")
CONTACT = ("email", "phone")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}\Z")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\Z")

REASONS: dict[str, Reason] = reasons.REASONS | {
    "no-identifier": Reason(
        "Raden har verken fødselsnummer eller kundenummer som partneren kan sende.",
        "The row has neither of the numbers that the partner may send.",
    ),
    "number-form": Reason(
        "Kundenummeret har andre tegn enn bokstaver, siffer og bindestrek.",
        "The customer number has other characters than letters, digits and hyphens.",
    ),
    "card-number": Reason("Kundenummeret er et kortnummer.", "The customer number is a card number."),
    "unknown-product": Reason(
        "Produktet finnes ikke, eller betales ikke av partnere.", "There is no such product that partners pay for."
    ),
    "date-unreadable": Reason("Datoen kan ikke leses.", "The date cannot be read."),
    "ended-before-started": Reason("Retten slutter før den begynner.", "The entitlement ends before it begins."),
    "row-doubled": Reason("Samme person og produkt står to ganger.", "The same person and product stand twice."),
    "number-of-another": Reason(
        "Numrene i raden tilhører to forskjellige personer.", "The numbers of the row belong to two people."
    ),
    "other-person": Reason(
        "Kundenummeret er kjent med et helt annet navn.", "The customer number is known with another name altogether."
    ),
    "national-number-checksum": Reason(
        "Kontrollsifrene i fødselsnummeret stemmer ikke.", "The check digits of the national number do not agree."
    ),
    "national-number-length": Reason("Et fødselsnummer har elleve siffer.", "A national number has eleven digits."),
    "national-number-not-digits": Reason(
        "Fødselsnummeret holder noe annet enn siffer.", "The national number holds something else than digits."
    ),
    "national-number-date": Reason(
        "Fødselsnummeret holder en dato som ikke finnes.", "The national number holds a date that does not exist."
    ),
    "unusable": Reason("Raden kan ikke brukes.", "The row cannot be used."),
}
"""Why a row was put aside. Codes are stable; the words hold nothing of the row."""


class RowError(ValueError):
    """A row that cannot be used: `field` and `code`."""

    def __init__(self, at: str, code: str) -> None:
        super().__init__(code)
        self.field, self.code = at, code


@dataclass(frozen=True)
class Row:
    """A row as it is used. national, customer: keyed digests; number: the customer number with the partner; listed:
    keyed digest of the whole row; dropped: contact fields the declaration does not let this partner send.
    """

    line: int
    given: str = field(repr=False)
    family: str = field(repr=False)
    product: str
    starts: date | None
    ends: date | None
    listed: UUID
    national: UUID | None
    customer: UUID | None
    number: str = field(repr=False)
    plain_national: str = field(repr=False)
    contact: Mapping[str, str] = field(repr=False)
    dropped: int = 0


def read(
    *, line: int, values: Mapping[str, str | None], declared: PayingPartner, register_id: int, partner: str
) -> Row:
    """Check a row and put it in order. `values`: our column → text. Raises `RowError`."""
    said = {column: text.strip() for column, text in values.items() if text and text.strip()}
    for column in sorted(REQUIRED - said.keys()):
        raise RowError(column, "missing")
    given, family = (_checked(column, names.normalise, said[column]) for column in ("given", "family"))
    allowed = set(declared.sends)
    national = number = ""
    if "identity_number" in allowed and "identity_number" in said:
        national = _checked("identity_number", national_number.normalise, said["identity_number"])
    if "customer_number" in allowed and "customer_number" in said:
        number = said["customer_number"]
        if not _NUMBER.match(number):
            raise RowError("customer_number", "number-form")
        if has_card_number(number):
            raise RowError("customer_number", "card-number")
    if not national and not number:
        raise RowError("customer_number", "no-identifier")
    starts, ends = (_date(column, said.get(column)) for column in ("starts", "ends"))
    if starts and ends and ends < starts:
        raise RowError("ends", "ended-before-started")
    checks = {"email": email.normalise, "phone": phone.normalise}
    contact = {one: _checked(one, checks[one], said[one]) for one in CONTACT if one in said and one in allowed}
    whole = "\x1f".join([given, family, national, number, said["product"], str(starts), str(ends), *contact.values()])
    return Row(
        line=line,
        given=given,
        family=family,
        product=said["product"],
        starts=starts,
        ends=ends,
        listed=digest(register_id, Kind.CUSTOMER_NUMBER, f"row:{partner}:{whole}"),
        national=digest(register_id, Kind.NATIONAL_NUMBER, national) if national else None,
        customer=customer_digest(register_id=register_id, partner=partner, number=number) if number else None,
        number=number,
        plain_national=national,
        contact=contact,
        dropped=sum(one in said and one not in allowed for one in (*CONTACT, *IDENTIFIERS)),
    )


def customer_digest(*, register_id: int, partner: str, number: str) -> UUID:
    """The digest by which a customer number with a partner is found: another partner's equal number is another's."""
    return digest(register_id, Kind.CUSTOMER_NUMBER, f"{partner}:{number.upper()}")


def _checked(column: str, rule, text: str) -> str:  # type: ignore[no-untyped-def]  # any normaliser
    try:
        return str(rule(text))
    except IdentifierError as error:
        raise RowError(column, error.code if error.code in REASONS else "unusable") from None


def _date(column: str, text: str | None) -> date | None:
    if not text:
        return None
    dotted = _DOTTED.match(text)
    try:
        if dotted:
            return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RowError(column, "date-unreadable") from None
