"""What is on record cannot be changed: the audit chain and the ledger (A9, C5-C9, H18)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from tillit.audit.verify import Report, verify
from tillit.declaration import registry
from tillit.declaration.schema import Declaration
from tillit.kernel.sql import load
from tillit.ledger.queries import trial_balance, unexplained
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts
from tillit.privacy.prove.writing import writable

LONGEST_WINDOW = timedelta(minutes=15)


def _audit(context: Context, said: Said) -> Finding:
    reports = [verify(context.id), _installation(context)]
    faults = [f"controller {r.controller}: {count} x {fault}" for r in reports for fault, count in r.faults.items()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    faults += [
        f"controller {report.controller}: {report.waiting} events have waited too long for the chain"
        for report in reports
        if report.oldest_waiting is not None and now - report.oldest_waiting > LONGEST_WINDOW
    ]
    with context.scope():
        faults += writable(("audit_event", "audit_link", "audit_queue"))
    mine = reports[0]
    return judged(faults, links=mine.links, disposed=mine.disposed, waiting=mine.waiting, heads=mine.heads)


def _installation(context: Context) -> Report:
    known = context.shared.reports
    if 0 not in known:
        known[0] = verify(0)
    return known[0]


def _books(declaration: Declaration) -> Iterator[Said]:
    if declaration.category_keys() & {"bonus", "gift_card"}:
        yield Said("programme" if declaration.programme else "categories.bonus", texts(declaration, "ledger"))


def _ledger(context: Context, said: Said) -> Finding:
    shared = context.shared.faults
    if "ledger" not in shared:
        with context.scope(), connection.cursor() as cursor:
            lines = trial_balance()
            sums: dict[int, int] = {}
            for line in lines:
                sums[line.book_id] = sums.get(line.book_id, 0) + line.moved
            found = [f"book {book}: the accounts sum to {total}" for book, total in sums.items() if total]
            found += [
                f"book {line.book_id}, {line.kind}: {line.moved} moved, {line.standing} standing"
                for line in lines
                if line.standing is not None and line.standing != line.moved
            ]
            if wrong := unexplained():
                found.append(f"{wrong} balances are not what their history adds up to")
            found += writable(name for name in registry.PERSONAL if name.startswith("ledger_"))
        shared["ledger"] = (found, {"books": len(sums), "accounts": len(lines)})
    found, evidence = shared["ledger"]
    faults = list(found)
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "records", "negative"), {"controller": context.id})
        balances, negative = cursor.fetchone()
    if negative:
        faults.append(f"{negative} holdings are below zero")
    return judged(faults, **evidence, balances=balances)


AUDIT = Kind("audit", once("audit", "security.log"), _audit)
LEDGER = Kind("ledger", _books, _ledger)
