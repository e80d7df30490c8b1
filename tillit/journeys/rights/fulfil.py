"""What each right does, by the engine that has it, and what happened as items of the answer. In a case's open scope."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import get_args

from django.db.models import Q

from tillit.audit.events import CONSENT_CHANGED, PERSON_RESTRICTED
from tillit.audit.operations import append
from tillit.cases import operations
from tillit.cases.models import Case
from tillit.consent.models import EventKind, Restriction
from tillit.consent.operations import record, restrict
from tillit.consent.queries import switches
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.disclosure.models import What
from tillit.journeys.rights import recipients
from tillit.journeys.rights.answers import Item
from tillit.journeys.rights.correcting import correct
from tillit.journeys.rights.errors import RequestError
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope
from tillit.parties.operations import wait_for_sets
from tillit.privacy import access, erasure, export

COPY = "rights_copy"


def declaration_of(case: Case) -> Declaration:
    """The declaration of the case's controller, in effect today."""
    return current(controller_id=case.controller_id, on=clock.today())


def copy(*, scope: Scope, case: Case, at: datetime) -> list[Item]:
    """Access and portability (H1, H6): everything, kept sealed with the case for the declared time; what is in it."""
    answer = access.collect(actor=scope.actor, subject_id=case.subject_id, language=case.language, case=case.id)
    rows: dict[str, int] = {}
    for part in answer["data"]:
        rows[part["category"]] = rows.get(part["category"], 0) + len(part["rows"])
    items: list[Item] = [{"what": "held", "category": category, "rows": count} for category, count in rows.items()]
    if not rows:
        items.append({"what": "held_nothing"})
    items.append({"what": "security" if case.fields["right"] == "access" else "machine"})
    kept = next((rule for rule in declaration_of(case).retention if rule.category == COPY), None)
    if kept is None:
        return [*items, {"what": "copy_now"}]
    operations.attach(
        scope=scope,
        case=case,
        name=case.fields["right"],
        media_type="application/json",
        body=export.as_json(answer),
        at=at,
        category=COPY,
    )
    last = IsoPeriod.parse(kept.period).add_to(clock.local_date(at))
    return [*items, {"what": "copy", "day": last.isoformat()}]


def rectify(*, scope: Scope, case: Case, corrections: Mapping[str, str], at: datetime) -> list[Item]:
    """Rectification (H2): each fact corrected, and everyone who received the wrong one told."""
    if not corrections:
        raise RequestError("nothing-to-correct", "say what is to be corrected, and to what")
    source = "data_subject"
    items, categories = correct(scope=scope, case=case, corrections=corrections, source=source, at=at)
    if categories:
        items += recipients.owe(scope=scope, case=case, what=What.RECTIFIED, categories=categories, at=at)
    return items


def erase(*, scope: Scope, case: Case, ground: str, categories: Collection[str], at: datetime) -> list[Item]:
    """Erasure (H3): what may go, gone now; what must stay, with its rule and day. Recipients are told first, while it
    is known who they are.
    """
    allowed: erasure.Ground | None = next((one for one in get_args(erasure.Ground) if one == ground), None)
    if allowed is None:
        raise RequestError("no-ground", "say on which ground the data is to be erased")
    part = frozenset(categories) or None
    told = recipients.owe(scope=scope, case=case, what=What.ERASED, categories=part, at=at)
    done = erasure.erase(actor=scope.actor, subject_id=case.subject_id, ground=allowed, at=at, categories=part)
    sums: dict[tuple[str, str, int, str, str, str], int] = {}
    for one in done:
        until, holds = one.until.isoformat() if one.until else "", ", ".join(one.hold)
        key = (one.outcome, one.category, one.controller_id, one.rule, until, holds)
        sums[key] = sums.get(key, 0) + one.rows
    items: list[Item] = [
        {"what": what, "category": category, "controller": controller, "rows": rows}
        | ({"rule": rule, "until": until, "holds": holds} if what == "kept" else {})
        for (what, category, controller, rule, until, holds), rows in sorted(sums.items())
    ]
    if not any(item["what"] == "erased" for item in items):
        items.insert(0, {"what": "erased_nothing"})
    return [*items, {"what": "backups", "period": declaration_of(case).backup.kept}, *told]


def restricted(*, scope: Scope, case: Case, ground: str, at: datetime) -> list[Item]:
    """Restriction (H4, GDPR 18): every row of the person hidden from every activity that may not see it, at once."""
    if ground not in ("accuracy", "unlawful", "claims", "objection"):
        raise RequestError("no-ground", "say on which ground the processing is to be restricted")
    wait_for_sets(subject_id=case.subject_id)
    if Restriction.objects.filter(subject_id=case.subject_id, lifted__isnull=True).exists():
        return [{"what": "already_restricted"}, {"what": "restricted_notice"}]
    restrict(scope=scope, subject_id=case.subject_id, controller_id=case.controller_id, ground=ground, at=at)
    append(
        type=PERSON_RESTRICTED,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"case": case.id, "ground": ground},
    )
    told = recipients.owe(scope=scope, case=case, what=What.RESTRICTED, categories=None, at=at)
    return [
        {"what": "restricted"},
        {"what": "restricted_ground", "ground": ground},
        {"what": "restricted_notice"},
        *told,
    ]


def withdraw(*, scope: Scope, case: Case, activity: str, channel: str, at: datetime) -> list[Item]:
    """Withdrawal (H7): the consent named, or every one that stands; effective for the next statement, forward only."""
    standing = switches(subject_id=case.subject_id, controller_id=case.controller_id)
    chosen = [
        one
        for one in standing
        if one.kind == "consent" and one.on and activity in ("", one.activity) and channel in ("", one.channel)
    ]
    for one in chosen:
        event = record(
            scope=scope,
            subject_id=case.subject_id,
            controller_id=case.controller_id,
            activity=one.activity,
            kind=EventKind.WITHDRAWN,
            route=case.channel,
            wording="",
            at=at,
            channel=one.channel,
            evidence=f"case:{case.id}",
        )
        append(
            type=CONSENT_CHANGED,
            scope=scope,
            controller=case.controller_id,
            subject=case.subject_id,
            details={"purpose": one.activity, "channel": one.channel or "all", "given": False, "proof": event.id},
        )
    items: list[Item] = [{"what": "withdrawn", "activity": one.activity, "channel": one.channel} for one in chosen]
    return items or [{"what": "nothing_withdrawn"}]


def standing_restriction(case: Case) -> Restriction | None:
    """The restriction that stands for the person, whoever of the register made it."""
    return Restriction.objects.filter(Q(lifted__isnull=True), subject_id=case.subject_id).first()
