"""An invoice as a document (D8): what, for whom, by when, to which account, with which KID; credit notes and reminders.

The same invoice gives the same bytes: it is made of what was written down when it was issued.
"""

from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel.dates import format_date

from tillit.declaration.models import Controller
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.document import Document, Facts, Paragraph, Section, Table
from tillit.kernel.clock import local_date
from tillit.kernel.documents import read_yaml
from tillit.kernel.identifiers import account_number
from tillit.kernel.money import Money
from tillit.services.payment_models import Invoice

_WHOLE = 10_000


def day_in_words(day: date, language: str) -> str:
    """`3. mars 2026`."""
    return str(format_date(day, "long", locale=language))


def document(*, invoice: Invoice, buyer: tuple[str, ...], controller: Controller, declared: Declaration) -> Document:
    """The document. `buyer`: whom it was made out to, line by line."""
    language = invoice.language if invoice.language in _texts() else "en"
    say, said = _texts()[language], declared.controller

    def money(minor: int) -> str:
        return Money(minor, invoice.currency).format(language)

    def day(moment: datetime) -> str:
        return day_in_words(local_date(moment), language)

    billed = [line for line in invoice.lines if line["amount"] > 0]
    notes = [line for line in invoice.lines if line["amount"] < 0]
    vat = invoice.amount * invoice.vat // (_WHOLE + invoice.vat) if invoice.vat else 0
    period: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if invoice.period_start and invoice.period_end:
        days = (invoice.period_start, invoice.period_end - date.resolution)
        period = ((say["period"], (" – ".join(day_in_words(one, language) for one in days),)),)
    seller = (controller.name, f"{say['organisation']} {said.organisation_number}" + (" MVA" if invoice.vat else ""))
    head = Facts(
        (
            (say["number"], (str(invoice.number),)),
            (say["seller"], seller),
            (say["buyer"], buyer),
            (say["issued"], (day(invoice.issued_at),)),
            *period,
        )
    )
    rows = [((line["text"],), (money(line["amount"]),)) for line in billed]
    rows += [
        ((say["credited"].format(day=day(datetime.fromisoformat(line["at"]))),), (money(line["amount"]),))
        for line in notes
    ]
    if invoice.fee:
        rows.append(((say["fees"].format(count=invoice.reminders),), (money(invoice.fee),)))
    if invoice.paid:
        rows.append(((say["paid"],), (money(-invoice.paid),)))
    rows.append(((say["left"],), (money(invoice.left),)))
    if invoice.vat:
        rows.append(((say["vat"].format(percent=f"{invoice.vat / 100:g}"),), (money(vat),)))
    pay = Facts(
        (
            (say["left"], (money(invoice.left),)),
            (say["due"], (day_in_words(invoice.due_on, language),)),
            (say["account"], (account_number.format_for_reader(invoice.account),)),
            (say["kid"], (invoice.kid,)),
        )
    )
    return Document(
        title=say["title"].format(number=invoice.number),
        language=language,
        publisher=controller.name,
        contents=say["contents"],
        page=say["page"],
        lead=(),
        sections=(
            Section("what", say["what"], (head, Table(say["what"], (say["text"], say["amount"]), tuple(rows)))),
            Section("pay", say["pay"], (pay,) if invoice.left else (Paragraph(say["settled"]),)),
        ),
    )


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("invoice.yaml"))
    return loaded
