"""What left, left as declared (H13, A8): recipients, processors, transfers; the log is whole; notices given (H2, H3).

The rules are told a second time here, from the version each entry names; nothing of the code that lets data out is
used. That no other way out exists is tried: the running process must refuse a connection it has not declared.
"""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from tillit.declaration.countries import in_eea
from tillit.declaration.queries import declared as version_of
from tillit.declaration.schema import Declaration, Processor, Recipient, Transfer
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure.operations import OWN_CHOICE
from tillit.disclosure.outward import guarded
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts

NOTICE_WITHIN = timedelta(days=14)


class Entry(NamedTuple):
    """Entries of the log that are alike, and how many there are."""

    recipient: str
    kind: str
    activity: str
    ground: str
    country: str
    transfer_ground: str
    fields: dict[str, list[str]]
    version: int
    asked: bool
    times: int
    last: datetime


def _log(context: Context) -> list[Entry]:
    rows = _rows(context, "log", controller=context.id)
    return [Entry._make((*row[:6], json.loads(row[6]), *row[7:])) for row in rows]


def _rows(context: Context, name: str, **values: Any) -> list[Any]:
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "disclosure", name), values)
        return list(cursor.fetchall())


def _evidence(entries: list[Entry]) -> dict[str, int | str]:
    found: dict[str, int | str] = {"disclosures": sum(one.times for one in entries)}
    if entries:
        found["last"] = clock.local_date(max(one.last for one in entries)).isoformat()
    return found


def _named(item: Recipient | Processor | Transfer, declaration: Declaration) -> dict[str, str]:
    def said(words: Words) -> str:
        text = item.when if isinstance(item, Recipient) else None
        text = item.service if isinstance(item, Processor) else text
        text = item.explanation if isinstance(item, Transfer) else text
        return ": ".join(part for part in (getattr(item, "name", ""), words.of(text or {})) if part)

    return texts(declaration, "own_words", words=said)


def _recipients(declaration: Declaration) -> Iterator[Said]:
    for item in declaration.recipients:
        yield Said(f"recipients.{item.key}", _named(item, declaration), item.key)


def _recipient(context: Context, said: Said) -> Finding:
    """Every transfer to the recipient was for an activity, of fields, and on the ground that its version declares."""
    mine = [one for one in _log(context) if one.recipient == said.item]
    return judged((fault for one in mine for fault in _wrong(context, one)), **_evidence(mine))


def _wrong(context: Context, entry: Entry) -> Iterator[str]:
    declaration = version_of(controller_id=context.id, number=entry.version)
    recipient = next((r for r in declaration.recipients if r.key == entry.recipient), None)
    activity = declaration.activity(entry.activity)
    if recipient is None or activity is None or recipient.key not in activity.recipients:
        yield f"{entry.times} to {entry.recipient} for {entry.activity}, which does not disclose to it"
        return
    if recipient.only_aggregated:
        yield f"{entry.times} about people to {entry.recipient}, which receives totals only"
    limited = {vocabulary().fields[name].category for name in recipient.only}
    for category, fields in entry.fields.items():
        if category not in recipient.categories:
            yield f"{entry.times} of {category} to {entry.recipient}, which may not have it"
        elif category in limited and not set(fields) <= set(recipient.only):
            yield f"{entry.times} of more of {category} to {entry.recipient} than its fields"
    if entry.ground != recipient.ground:
        yield f"{entry.times} to {entry.recipient} on {entry.ground}, declared is {recipient.ground}"
    if recipient.ground == "consent" and {b.ground for b in activity.basis} != {"consent"} and not entry.asked:
        yield f"{entry.times} to {entry.recipient} without the person's yes"


def _processors(declaration: Declaration) -> Iterator[Said]:
    for item in declaration.processors:
        yield Said(f"processors.{item.key}", _named(item, declaration), item.key)


def _processor(context: Context, said: Said) -> Finding:
    """What went to the processor, or through it, is of its categories, under an agreement in force."""
    processor = next(p for p in context.declaration.processors if p.key == said.item)
    mine = [one for one in _log(context) if one.recipient == said.item]
    carried = dict(_rows(context, "carried", controller=context.id)).get(said.item, 0)
    faults = [
        f"{one.times} of {category} to {one.recipient}, which may not have it"
        for one in mine
        for category in one.fields
        if category not in processor.categories
    ]
    if (mine or carried) and processor.agreement > context.on:
        faults.append(f"the agreement is not in force before {processor.agreement}")
    return judged(faults, **_evidence(mine), messages=carried)


def _transfers(declaration: Declaration) -> Iterator[Said]:
    for item in declaration.transfers:
        yield Said(f"transfers.{item.key}", _named(item, declaration), item)


def _transfer(context: Context, said: Said) -> Finding:
    """What went outside the EEA to the party went to a country, and on a ground, that a transfer declares."""
    transfer: Transfer = said.item
    mine = [one for one in _log(context) if one.recipient == transfer.to and not in_eea(one.country)]
    declared = {(t.country, t.ground) for t in context.declaration.transfers if t.to == transfer.to}
    faults = [
        f"{one.times} to {one.recipient} in {one.country} on {one.transfer_ground or 'no ground'}"
        for one in mine
        if not {(one.country, one.transfer_ground), ("*", one.transfer_ground)} & declared
    ]
    return judged(faults, **_evidence(mine))


def _parties(declaration: Declaration) -> set[str]:
    return {one.key for one in declaration.recipients} | {one.key for one in declaration.processors}


def _whole(context: Context, said: Said) -> Finding:
    """Nobody undeclared is in the log; it holds what the trail tells of; notices given in time; no other way out."""
    log, declaration = _log(context), context.declaration
    known = _parties(declaration)
    parties = {one.version: version_of(controller_id=context.id, number=one.version) for one in log}
    faults = []
    for one in log:
        then = parties[one.version]
        if one.recipient == OWN_CHOICE:
            if not one.asked or one.activity != "rights_requests" or not in_eea(one.country):
                faults.append(f"{one.times} handed over without the person's own choice")
        elif one.recipient not in _parties(then):
            faults.append(f"{one.times} to {one.recipient}, whom version {one.version} does not declare")
        elif not in_eea(one.country) and not one.transfer_ground:
            faults.append(f"{one.times} to {one.recipient} in {one.country} without a ground")
    carriers = {key: n for key, n in _rows(context, "carried", controller=context.id) if key and key not in known}
    faults += [f"{count} messages were carried by {key}, who is not declared" for key, count in carriers.items()]
    ((missing,),) = _rows(context, "unlogged", controller=context.id)
    if missing:
        faults.append(f"of {missing} people the trail tells of disclosures that the log does not hold")
    latest = datetime.combine(context.on, time(), ZoneInfo(clock.DEFAULT_ZONE)) - NOTICE_WITHIN
    ((waiting, late),) = _rows(context, "notices", controller=context.id, latest=latest)
    if late:
        faults.append(f"{late} notices to recipients have waited for more than {NOTICE_WITHIN.days} days")
    if not guarded():
        faults.append("the process opens connections that no declared way covers")
    return judged(faults, **_evidence(log), notices_waiting=waiting)


RECIPIENTS = Kind("recipients", _recipients, _recipient)
PROCESSORS = Kind("processors", _processors, _processor)
TRANSFERS = Kind("transfers", _transfers, _transfer)
LOG = Kind("disclosures", once("disclosures", "recipients"), _whole)
