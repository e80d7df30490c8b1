"""Partners' lists of who is entitled: by file, by API, approved where they end many, put aside and mended (D1).

One list of a partner is taken in at a time. The same list again, as the partner's latest, does nothing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.db import connection

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.files import sealing
from tillit.files.chunks import LINE, Reject
from tillit.files.dialect import SHOWABLE, Layout
from tillit.files.errors import FileRefusedError
from tillit.files.json_rows import JsonRows
from tillit.files.opening import Opener, RowFile
from tillit.files.sheets import MAGIC, SheetRows
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.services import entitled, events, feeds
from tillit.services.entitlement_models import Entitlement, EntitlementEnd, PartnerFile, QuarantinedEntitlement
from tillit.services.feed_rows import BY_NAME, CALLED, IDENTIFIERS, REQUIRED
from tillit.services.feeds import ACTIVITY, Difference, Raw
from tillit.services.product_models import Partner

_LOCK = 0x6665_6564  # advisory lock space ("feed"); the second key is the partner
_TABLE = QuarantinedEntitlement._meta.db_table


@dataclass
class Outcome:
    """What a list did, or would do (`file` None: a dry run). `waiting`: it did nothing yet, as it would end too many.
    `repeated`: it is the partner's latest list, and does nothing.
    """

    difference: Difference
    described: str
    file: PartnerFile | None = None
    waiting: bool = False
    repeated: bool = False
    done: Mapping[str, int] = field(default_factory=dict)


def take_file(
    *,
    path: Path,
    partner: Partner,
    full: bool,
    name: str = "",
    dry_run: bool = False,
    approved: Mapping[str, int] | None = None,
    approved_by: int | None = None,
) -> Outcome:
    """Take a list in from a file (CSV, XLSX or JSON). Raises `FileRefusedError`, `ServiceError`: then nothing is done.

    `approved`: the counts somebody approved, which its endings may not exceed; `approved_by`: the colleague.
    """
    others: dict[bytes, Opener] = {MAGIC: partial(_sheet), b"[": partial(_json), b"{": partial(_json)}
    with locked(partner=partner), RowFile(path, LAYOUT, others=others) as opened:
        digest = opened.digest()
        rejects: list[Reject] = []
        rows = [*_rows(opened, rejects)]
        return _take(
            partner=partner,
            rows=rows,
            rejects=rejects,
            full=full,
            digest=digest,
            described=opened.describe(),
            name=name or path.name,
            way="file",
            dry_run=dry_run,
            approved=approved,
            approved_by=approved_by,
        )


def take_rows(*, partner: Partner, rows: Sequence[Mapping[str, str | None]], full: bool = False) -> Outcome:
    """Take rows in from the partner's own system; the same rows again, as its latest, do nothing."""
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
    with locked(partner=partner):
        return _take(
            partner=partner,
            rows=[(number, row) for number, row in enumerate(rows, 1)],
            rejects=[],
            full=full,
            digest=digest,
            described="JSON, by API",
            name="api",
            way="api",
        )


def _take(
    *,
    partner: Partner,
    rows: Sequence[Raw],
    rejects: Sequence[Reject],
    full: bool,
    digest: str,
    described: str,
    name: str,
    way: str,
    dry_run: bool = False,
    approved: Mapping[str, int] | None = None,
    approved_by: int | None = None,
) -> Outcome:
    found = feeds.compare(partner=partner, rows=rows, full=full, rejects=rejects)
    counts = found.counts()
    agreed = approved is not None and counts["ends"] <= approved.get("ends", 0)
    outcome = Outcome(found, described, waiting=found.too_many(partner.most_ends) and not agreed)
    if dry_run:
        return outcome
    latest = PartnerFile.objects.filter(partner=partner).order_by("-received_at", "-id").first()
    same = latest is not None and (latest.digest, latest.full) == (digest, full)
    if latest is not None and same and latest.state == "applied" and found.nothing:
        outcome.file, outcome.repeated = latest, True
        return outcome
    now = clock.now()
    if latest is None or not same:
        latest = PartnerFile.objects.create(
            partner=partner,
            name=name[:200],
            way=way,
            digest=digest,
            full=full,
            state="waiting",
            received_at=now,
            counts=counts,
        )
    outcome.file = latest
    _put_aside(latest, found.rejects)
    if outcome.waiting:
        return outcome
    done = feeds.apply(partner=partner, found=found, at=now)
    latest.state, latest.finished_at, latest.approved_by = "applied", now, approved_by
    latest.counts = counts | {"restricted": done["restricted"]}
    latest.save(update_fields=["state", "finished_at", "approved_by", "counts"])
    outcome.done = done
    append(
        type=events.LIST_TAKEN,
        actor=system("partner_feed", {partner.controller_id}),
        activity=ACTIVITY,
        controller=partner.controller_id,
        details={
            "partner": partner.key,
            "file": latest.pk,
            "new": done["new"],
            "changed": done["changed"],
            "ends": done["ends"],
            "quarantined": counts["quarantined"],
        },
    )
    return outcome


def expire() -> int:
    """End what is past its own last day, and access with it; how many. Every day, outside every scope."""
    done, today = 0, clock.today()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        actor = system("partner_feed", {controller.pk})
        with Scope(actor, ACTIVITY):
            due = Entitlement.objects.filter(controller_id=controller.pk, end_reason="", ends__lte=today)
            wanted = list(due.order_by("subject_id", "id").values_list("subject_id", "id"))
        for some in feeds.parts(wanted):
            with Scope(actor, ACTIVITY) as scope:
                for subject, number in some:
                    row = Entitlement.objects.select_related("partner__controller").filter(
                        subject_id=subject, id=number, end_reason=""
                    )
                    for one in row:
                        entitled.end(scope=scope, entitlement=one, at=clock.now(), reason=EntitlementEnd.EXPIRED)
                        done += 1
    return done


@contextmanager
def locked(*, partner: Partner) -> Iterator[None]:
    """Hold the partner, so that two of its lists are never taken in at once. Raises `FileRefusedError`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, partner.pk])
        if not cursor.fetchone()[0]:
            raise FileRefusedError("source-busy", "another list of this partner is being taken in")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, partner.pk])


def _put_aside(file: PartnerFile, rejects: Iterable[Reject]) -> None:
    """Keep the rows that could not be used, sealed, once each."""
    QuarantinedEntitlement.objects.bulk_create(
        (
            QuarantinedEntitlement(
                file=file,
                line=one.line,
                field=one.field,
                reason=one.code,
                sealed=seal(file=file, line=one.line, values=one.values) if one.values is not None else None,
            )
            for one in rejects
        ),
        ignore_conflicts=True,
    )


def seal(*, file: PartnerFile, line: int, values: Mapping[str, str | None]) -> bytes:
    """A row's fields, sealed for one line of one list."""
    return sealing.seal(table=_TABLE, batch_id=file.pk, line=line, values=values)


def open_row(row: QuarantinedEntitlement) -> dict[str, str | None]:
    """A row's fields as they were read. Raises `SealedRowError`."""
    return sealing.open_sealed(table=_TABLE, batch_id=row.file_id, line=row.line, sealed=row.sealed)


def replay(*, partner: Partner, rows: Sequence[QuarantinedEntitlement]) -> Counter[str]:
    """Take rows that were put aside in again, as changes; what can be used is resolved. What was done, by name."""
    by_line = dict(enumerate((row for row in rows if row.sealed is not None), 1))
    with locked(partner=partner):
        found = feeds.compare(
            partner=partner, rows=[(number, open_row(row)) for number, row in by_line.items()], full=False
        )
        done = feeds.apply(partner=partner, found=found, at=clock.now())
    left = {one.line: one for one in found.rejects}
    for number, row in by_line.items():
        if (still := left.get(number)) is not None:
            row.field, row.reason = still.field, still.code
            row.save(update_fields=["field", "reason"])
        else:
            resolve(rows=[row], how="taken in")
    done["taken_in"] = len(by_line) - len(left)
    done["waiting"] = len(rows) - done["taken_in"]
    return done


def resolve(*, rows: Sequence[QuarantinedEntitlement], how: str) -> int:
    """Rows that wait no more; their content is dropped at once. How many."""
    waiting = QuarantinedEntitlement.objects.filter(pk__in=[row.pk for row in rows], resolved_at=None)
    return waiting.update(resolved_at=clock.now(), resolution=how, sealed=None)


def _rows(opened: RowFile, rejects: list[Reject]) -> Iterator[Raw]:
    for chunk in opened.chunks():
        rejects.extend(Reject(one.line, one.field, one.code, _named(one.values or {})) for one in chunk.rejects)
        for row in chunk.frame.iter_rows(named=True):
            line = row.pop(LINE)
            yield line, _named(row)


def _named(row: Mapping[str, str | None]) -> dict[str, str | None]:
    return {BY_NAME.get(name, name): text for name, text in row.items()}


def _check(found: list[str], where: str) -> None:
    unknown = [n for n, name in enumerate(found, 1) if name not in BY_NAME]
    if unknown:
        shown = [f"{n} ({found[n - 1]})" if SHOWABLE.match(found[n - 1]) else str(n) for n in unknown[:10]]
        raise FileRefusedError("columns-unknown", f"{where}: unknown columns: {', '.join(shown)}")
    ours = [BY_NAME[name] for name in found]
    if doubled := sorted({name for name in ours if ours.count(name) > 1}):
        raise FileRefusedError("columns-doubled", f"{where}: columns stand twice: {', '.join(doubled)}")
    if missing := sorted(REQUIRED - set(ours)):
        raise FileRefusedError("columns-missing", f"{where}: columns are missing: {', '.join(missing)}")
    if not set(ours) & set(IDENTIFIERS):
        raise FileRefusedError("columns-missing", f"{where}: a column of numbers is missing: {', '.join(IDENTIFIERS)}")


LAYOUT = Layout(frozenset(BY_NAME), _check)
COLUMNS = tuple(CALLED)


def _sheet(file: BinaryIO, size: int) -> SheetRows:
    return SheetRows(file, LAYOUT)


def _json(file: BinaryIO, size: int) -> JsonRows:
    return JsonRows(file, size, LAYOUT)
