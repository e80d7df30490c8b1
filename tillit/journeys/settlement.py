"""Files of a chain's figures (C15): the months as CSV and workbook, and the settlement of one month.

The settlement says what moved in the chain's book, and balances with the ledger to the øre: its last line is the
difference, which is 0. See docs/formats/settlement.md.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date

import xlsxwriter

from tillit.bonus.errors import BonusError
from tillit.bonus.models import Programme
from tillit.bonus.report_series import AMOUNTS, Month, months
from tillit.kernel.iso_period import IsoPeriod

COLUMNS = ("chain", "month", "currency", *AMOUNTS)
LINES = ("record", "chain", "month", "item", "amount", "currency")


class UnbalancedError(BonusError):
    """The books of the month do not explain themselves: no settlement is made of them."""


def as_csv(*, programme: Programme, rows: Sequence[Month]) -> bytes:
    """The months, one a line: UTF-8 with mark, semicolons, amounts in minor units."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerows([COLUMNS, *_cells(programme, rows)])
    return target.getvalue().encode("utf-8-sig")


def as_xlsx(*, programme: Programme, rows: Sequence[Month]) -> bytes:
    """The months as a workbook; amounts are numbers in minor units, text is never a formula."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet, head = book.add_worksheet(programme.chain.key[:31]), book.add_format({"bold": True})
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name, head)
        for row, cells in enumerate(_cells(programme, rows), 1):
            for column, cell in enumerate(cells):
                (sheet.write_string if isinstance(cell, str) else sheet.write_number)(row, column, cell)
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def settle(*, programme: Programme, month: date) -> bytes:
    """The settlement file of one month (its first day). Within `programme_reports`.

    Raises `UnbalancedError` when the ledger does not explain the month, and what `months` does.
    """
    (one,) = months(programme=programme, start=month, end=IsoPeriod.parse("P1M").add_to(month))
    if one.difference:
        raise UnbalancedError("settlement-unbalanced", f"the month differs by {one.difference} minor units")
    chain, told = programme.chain, f"{month:%Y-%m}"
    lines = [("item", chain.key, told, name, getattr(one, name), chain.currency) for name in AMOUNTS]
    lines += [
        ("total", chain.key, told, "payable", one.used, chain.currency),
        ("check", chain.key, told, "difference", one.difference, chain.currency),
    ]
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerows([LINES, *lines])
    return target.getvalue().encode()


def _cells(programme: Programme, rows: Sequence[Month]) -> list[tuple[str | int, ...]]:
    chain = programme.chain
    return [
        (chain.key, f"{one.month:%Y-%m}", chain.currency, *(getattr(one, name) for name in AMOUNTS)) for one in rows
    ]
