"""Insurance claims (D7): made under a cover, assessed, paid, or refused in full or part with dated reasons.

While it is handled a claim is a case, with what the person wrote and attached. Decided, what is declared of it is
written to `PaidClaim` or `RefusedClaim` (both, when a part was refused), and the case goes the night after.
Within an open scope of `insurance_claims`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from tillit.audit.operations import append
from tillit.cases import operations as cases
from tillit.cases.kinds import Attachments, Field, Kind, step
from tillit.cases.models import Case
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.ledger.kinds import Kind as AccountKind
from tillit.parties import sealing
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.services import accounts, bank_accounts, covers, events, insurers, payouts
from tillit.services.accounts import BANK, DUE, INSURER
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import (
    ClaimNotice,
    ClaimStatus,
    Cover,
    LossKind,
    PaidClaim,
    PayoutMethod,
    RefusedClaim,
)
from tillit.services.payout_models import PayoutOf

CLAIM = "insurance_claim"
ACTIVITY = "insurance_claims"
RECIPIENTS = ("insurance_broker", "insurer")
WITHIN = timedelta(days=30)
OPEN = ("received", "in_hand", "waiting")
LONGEST_REASONS = 4000


def _due(received: datetime, _: Declaration) -> datetime:
    return received + WITHIN


KIND = Kind(
    CLAIM,
    category="insurance_claim",
    activity=ACTIVITY,
    deadline=_due,
    fields={
        "item": Field("text", required=True, longest=200),
        "loss_kind": Field("code", required=True, choices=frozenset(LossKind.values)),
        "loss_on": Field("date", required=True),
        "text": Field("text"),
        "claimed": Field("number"),
        "cover": Field("number", required=True),
        "approved": Field("number"),
        "partly": Field("flag"),
    },
    steps={
        "assessed": step(*OPEN, after="in_hand"),
        "asked": step(*OPEN, after="waiting", shown=True),
        "wrote": step(*OPEN, after="in_hand", shown=True),
        "told": step(*OPEN, "approved", shown=True),
        "note": step(*OPEN, "approved"),
        "approved": step(
            *OPEN, after="approved", shown=True, answers=True, settles=True, states=frozenset({"approved", "partly"})
        ),
        "refused": step(*OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
        "paid": step("approved", after="closed", shown=True, closes=True),
        "withdrawn": step(*OPEN, after="closed", shown=True, closes=True),
    },
    attachments=Attachments(most=10),
)


def make(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    cover: Cover,
    item: str,
    loss_kind: str,
    loss_on: date,
    text: str,
    claimed: int | None,
    channel: str,
    at: datetime,
    language: str = "nb",
    details: Mapping[str, str] | None = None,
) -> Case:
    """Make a claim under a cover that held when it happened. claimed: minor units, where it is known.

    Raises `ServiceError`: `item`, `loss-kind`, `loss-later`, `not-covered`, `claimed`.
    """
    if not item.strip() or len(item) > 200:
        raise ServiceError("item", "say what was lost, stolen or damaged")
    if loss_kind not in LossKind.values:
        raise ServiceError("loss-kind", "say whether it was lost, stolen or damaged")
    if loss_on > clock.local_date(at):
        raise ServiceError("loss-later", "it cannot have happened later than today")
    if cover.subject_id not in same_person(subject_id) or not _held(cover, loss_on):
        raise ServiceError("not-covered", "the cover did not hold on that day")
    if claimed is not None and claimed <= 0:
        raise ServiceError("claimed", "what is claimed is above zero")
    fields = {
        "item": item.strip(),
        "loss_kind": loss_kind,
        "loss_on": loss_on,
        "text": text,
        "claimed": claimed,
        "cover": cover.id,
    }
    case = cases.open_case(
        scope=scope,
        subject_id=cover.subject_id,
        controller_id=controller_id,
        kind=CLAIM,
        channel=channel,
        at=at,
        fields=fields,
        language=language,
        details=details,
    )
    return case


def tell(*, scope: Scope, case: Case, about: str, of_id: int, at: datetime) -> list[ClaimNotice]:
    """Have those whom the declaration names told, each once: the worker does it (`journeys.insurance_told`). Of a
    `file` those alone for whom it can be sealed.
    """
    declared = current(controller_id=case.controller_id, on=clock.local_date(at)).activity(ACTIVITY)
    recipients: Sequence[str] = [one for one in RECIPIENTS if declared is not None and one in declared.recipients]
    if about == "file":
        recipients = [one for one in recipients if insurers.seals_for(one)]
    made = []
    for recipient in recipients:
        row, _ = ClaimNotice.objects.get_or_create(
            subject_id=case.subject_id,
            recipient=recipient,
            about=about,
            of_id=of_id,
            defaults={
                "controller_id": case.controller_id,
                "state": case.state,
                "case_id": case.id,
                "cover_id": int(case.fields["cover"]),
                "reference": uuid4(),
                "due_at": at,
            },
        )
        made.append(row)
    return made


def decide(*, scope: Scope, case: Case, amount: int, reasons: str, at: datetime) -> None:
    """Decide: `amount` minor units are paid, and what is not is refused with `reasons`. Both: partly refused.

    A refusal in full closes the claim. Raises `ServiceError`: `decision` (neither, or below zero), `too-much` (more
    than the terms insure), `reasons`; `CaseError` `step-not-now`.
    """
    lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    reasons = reasons.strip()
    if amount < 0 or (amount == 0 and not reasons):
        raise ServiceError("decision", "a claim is paid, or refused with reasons")
    if len(reasons) > LONGEST_REASONS:
        raise ServiceError("reasons", "the reasons are too long")
    cover = covers.of_person(subject_id=case.subject_id).filter(id=int(case.fields["cover"])).first()
    if amount and (cover is None or amount > cover.terms.most):
        raise ServiceError("too-much", "that is more than the cover insures")
    if amount:
        stated = {"approved": amount, "partly": bool(reasons)}
        cases.take(scope=scope, case=case, step="approved", at=at, fields=stated, details={"amount": amount})
        _move(scope, case, INSURER, DUE, amount, "approved", at)
    if reasons:
        row = RefusedClaim.objects.create(**_kept(case), partly=bool(amount), reasons=reasons, refused_at=at)
        tell(scope=scope, case=case, about="refused", of_id=row.id, at=at)
    if not amount:
        cases.take(scope=scope, case=case, step="refused", at=at, outcome="refused")
    outcome = "partly_refused" if amount and reasons else "approved" if amount else "refused"
    append(
        type=events.CLAIM_DECIDED,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"case": case.id, "outcome": outcome},
    )


def pay(*, scope: Scope, case: Case, method: str, to_account: str, at: datetime) -> PaidClaim:
    """Pay what was approved; the claim is closed. Raises `ServiceError` `method`, `account`, `not-approved`."""
    lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    if case.stage != "approved":
        raise ServiceError("not-approved", "only what was approved, and not yet paid, is paid")
    if method not in PayoutMethod.values:
        raise ServiceError("method", "say how it is paid")
    sealed, number = None, ""
    if method == PayoutMethod.BANK:
        number, sealed = bank_accounts.taken(to_account, whose=case, of=PaidClaim, column="account")
    amount = int(case.fields["approved"])
    to = payouts.side(controller_id=case.controller_id) if number else BANK
    _move(scope, case, DUE, to, amount, "paid", at)
    row = PaidClaim.objects.create(
        **_kept(case),
        amount=amount,
        currency="NOK",
        method=method,
        account=sealed,
        status=ClaimStatus.PARTLY_PAID if case.fields.get("partly") else ClaimStatus.PAID,
        paid_at=at,
    )
    if number:
        payouts.make(scope=scope, of=PayoutOf.CLAIM, row=row, amount=amount, account=number, at=at)
    tell(scope=scope, case=case, about="paid", of_id=row.id, at=at)
    outcome = "partly_refused" if case.fields.get("partly") else "paid"
    cases.take(scope=scope, case=case, step="paid", at=at, outcome=outcome)
    append(
        type=events.CLAIM_PAID,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"claim": row.id, "method": method, "amount": amount},
    )
    return row


def decided(*, subject_id: int) -> tuple[list[PaidClaim], list[RefusedClaim]]:
    """The person's decided claims, newest first, without accounts."""
    mine = same_person(subject_id)
    paid = PaidClaim.objects.filter(subject_id__in=mine).defer("account").order_by("-paid_at", "-id")
    refused = RefusedClaim.objects.filter(subject_id__in=mine).order_by("-refused_at", "-id")
    return list(paid), list(refused)


def open_account(*, scope: Scope, claim: PaidClaim) -> str:
    """The account a claim was paid to, put on record. Raises `SealedValueLostError`, `ServiceError` `no-account`."""
    if claim.account is None:
        raise ServiceError("no-account", "it was not paid to an account")
    append(
        type=events.ACCOUNT_OPENED,
        scope=scope,
        controller=claim.controller_id,
        subject=claim.subject_id,
        details={"row": claim.id, "kind": "paid_claim"},
    )
    return sealing.open_sealed(
        subject_id=claim.subject_id,
        controller_id=claim.controller_id,
        table=PaidClaim._meta.db_table,
        column="account",
        sealed=claim.account,
    )


def _held(cover: Cover, on: date) -> bool:
    return cover.starts <= on and (cover.ends is None or on < cover.ends)


def _kept(case: Case) -> dict[str, object]:
    """What is kept of a decided claim, whichever way it went."""
    return {
        "subject_id": case.subject_id,
        "controller_id": case.controller_id,
        "state": case.state,
        "item": case.fields["item"],
        "loss_kind": case.fields["loss_kind"],
        "loss_on": date.fromisoformat(case.fields["loss_on"]),
        "claimed_on": clock.local_date(case.received_at),
    }


def _move(
    scope: Scope, case: Case, debit: AccountKind, credit: AccountKind, amount: int, why: str, at: datetime
) -> None:
    accounts.move(
        scope=scope,
        subject_id=case.subject_id,
        of=accounts.book(controller_id=case.controller_id, category=accounts.CLAIMS),
        debit=debit,
        credit=credit,
        amount=amount,
        key=(why, case.id),
        at=at,
        state=case.state,
    )
