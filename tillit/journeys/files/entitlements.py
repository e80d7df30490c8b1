"""Partners' lists of who is entitled, in the console: the same as `tillit services list`, and their quarantine (D1)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import transaction
from django.db.models import Count, QuerySet

from tillit.audit import events
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.files.reasons import message
from tillit.journeys import partner_feeds
from tillit.journeys.files.errors import SentFileError
from tillit.journeys.files.kinds import Approval, Examined, Fault, FileKind, Outcome, PutAside, Target, Work, put_aside
from tillit.kernel.scope import Actor
from tillit.services import partners
from tillit.services.entitlement_models import QuarantinedEntitlement
from tillit.services.errors import ServiceError
from tillit.services.feed_rows import REASONS
from tillit.services.feeds import ACTIVITY
from tillit.services.product_models import Partner

DISMISSALS = ("not_a_row", "test", "sent_again", "not_ours", "cannot_be_mended")
_PARTS = ("full", "delta")


def targets(controller: Controller) -> Sequence[Target]:
    """Each partner's whole list, or changes to it. The key holds the partner's number: keys alone are not unique."""
    standing = partners.standing(controller_id=controller.pk)
    return [Target(target_of(one, full=part == "full"), one.name, part) for one in standing for part in _PARTS]


def target_of(partner: Partner, *, full: bool) -> str:
    """What its whole list, or changes to it, are sent for."""
    return f"{partner.key[:40]}-{partner.pk}-{'full' if full else 'delta'}"


def examine(path: Path, target: str, controller: Controller, _: str) -> Examined:
    """The dry run. Raises `FileRefusedError`, `ServiceError`."""
    done = partner_feeds.take_file(path=path, partner=_partner(target, controller), full=_full(target), dry_run=True)
    counts = done.difference.counts()
    reasons: dict[str, int] = {}
    for one in done.difference.rejects:
        reasons[one.code] = reasons.get(one.code, 0) + 1
    return Examined(
        form=done.described,
        counts={"read" if name == "rows_read" else name: count for name, count in counts.items()},
        reasons=reasons,
        faults=[Fault(one.line, one.field, one.code) for one in done.difference.rejects[:100]],
        approval=Approval.NEEDED if done.waiting else Approval.NONE,
        would={"ends": counts["ends"]},
    )


def take_in(work: Work) -> Outcome:
    """The run. Raises `FileRefusedError`, `ServiceError`, and `SentFileError` `more-than-approved`."""
    partner = _partner(work.target, work.controller)
    done = partner_feeds.take_file(
        path=work.path,
        partner=partner,
        full=_full(work.target),
        name=work.name,
        approved=work.approved,
        approved_by=int(work.actor.ref) if work.approved and work.actor.ref.isdigit() else None,
    )
    if done.waiting or done.file is None:
        raise SentFileError("more-than-approved", "the list would end more than somebody approved")
    rows = QuarantinedEntitlement.objects.filter(file=done.file).values_list("reason").annotate(count=Count("id"))
    return Outcome(
        counts=done.file.counts, reasons=dict(rows.order_by("-count")), reference=done.file.pk, repeated=done.repeated
    )


class EntitlementRows:
    """The quarantine of partners' lists, as the frame asks for it."""

    columns: tuple[str, ...] = partner_feeds.COLUMNS
    secret = frozenset({"identity_number"})
    reasons: tuple[str, ...] = DISMISSALS

    def listed(
        self, *, target: str, reference: int | None, code: str, offset: int, limit: int
    ) -> tuple[Sequence[PutAside], int]:
        """See `Rows`."""
        rows = _waiting(target)
        rows = rows.filter(file_id=reference) if reference is not None else rows
        rows = rows.filter(reason=code) if code else rows
        return [put_aside(row, of=row.file) for row in rows[offset : offset + limit]], rows.count()

    def codes(self, *, target: str) -> Mapping[str, int]:
        """See `Rows`."""
        return dict(_waiting(target).order_by().values_list("reason").annotate(count=Count("id")).order_by("reason"))

    def one(self, *, target: str, row: int) -> PutAside | None:
        """See `Rows`."""
        found = _waiting(target).filter(pk=row).first()
        return put_aside(found, of=found.file) if found else None

    @transaction.atomic
    def opened(self, *, row: int, actor: Actor) -> Mapping[str, str | None]:
        """See `Rows`."""
        found = _row(row, actor)
        values = partner_feeds.open_row(found)
        _record(events.QUARANTINE_OPENED, actor, found, row=found.pk)
        return values

    @transaction.atomic
    def repair(self, *, row: int, values: Mapping[str, str | None], actor: Actor) -> None:
        """See `Rows`."""
        found = _row(row, actor)
        before = partner_feeds.open_row(found) if found.sealed is not None else {}
        merged = {name: value for name, value in (before | dict(values)).items() if value and name}
        found.sealed = partner_feeds.seal(file=found.file, line=found.line, values=merged)
        found.save(update_fields=["sealed"])
        _record(events.QUARANTINE_REPAIRED, actor, found, row=found.pk)

    @transaction.atomic
    def discard(self, *, rows: Sequence[int], because: str, actor: Actor) -> int:
        """See `Rows`."""
        if because not in DISMISSALS:
            raise ServiceError("dismissal-reason", f"say why: {', '.join(DISMISSALS)}")
        found = [_row(row, actor) for row in rows]
        done = partner_feeds.resolve(rows=found, how="dismissed")
        for row in found[:1]:
            _record(events.QUARANTINE_DISMISSED, actor, row, rows=done, because=because)
        return done

    def again(self, *, target: str, rows: Sequence[int], reference: int | None, actor: Actor) -> Outcome:
        """See `Rows`."""
        wanted = _waiting(target)
        wanted = wanted.filter(pk__in=rows) if rows else wanted
        wanted = wanted.filter(file_id=reference) if reference is not None else wanted
        found = [row for row in wanted if row.file.partner.controller_id in actor.controllers]
        if not found:
            return Outcome(counts={"rows": 0, "taken_in": 0, "waiting": 0}, reference=reference)
        done = partner_feeds.replay(partner=found[0].file.partner, rows=found)
        counts = {"rows": len(found), "taken_in": done["taken_in"], "waiting": done["waiting"]}
        return Outcome(counts=counts, reference=reference)

    def words(self, code: str, language: str) -> str:
        """See `Rows`."""
        return message(REASONS, code, language)


KIND = FileKind(
    key="entitlements",
    activities=frozenset({ACTIVITY}),
    targets=targets,
    examine=examine,
    take_in=take_in,
    rows=EntitlementRows(),
)


def _partner(target: str, controller: Controller) -> Partner:
    found = partners.standing(controller_id=controller.pk).filter(pk=_number(target)).first()
    if found is None:
        raise ServiceError("partner-undeclared", "there is no such partner")
    return found


def _full(target: str) -> bool:
    return target.rpartition("-")[2] == "full"


def _number(target: str) -> int:
    number = target.rpartition("-")[0].rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0


def _waiting(target: str) -> QuerySet[QuarantinedEntitlement]:
    rows = QuarantinedEntitlement.objects.filter(
        file__partner_id=_number(target), file__full=_full(target), resolved_at=None
    )
    return rows.select_related("file__partner__controller").order_by("pk")


def _row(number: int, actor: Actor) -> QuarantinedEntitlement:
    rows = QuarantinedEntitlement.objects.select_related("file__partner__controller")
    rows = rows.filter(file__partner__controller_id__in=actor.controllers)
    found = rows.filter(pk=number, resolved_at=None).first()
    if found is None:
        raise ServiceError("row-resolved", "that row waits no more")
    return found


def _record(event: EventType, actor: Actor, quarantined: QuarantinedEntitlement, **details: int | str) -> None:
    append(
        type=event,
        actor=actor,
        activity=ACTIVITY,
        controller=quarantined.file.partner.controller_id,
        batch=quarantined.file_id,
        details={"batch": quarantined.file_id} | details,
    )
