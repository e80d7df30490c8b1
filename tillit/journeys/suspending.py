"""Earning or use of a chain's bonus is suspended, and lifted (C14): members are told, what was parked is posted."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from tillit.audit.operations import append
from tillit.bonus import accrual, pooling, suspensions
from tillit.bonus.errors import NoProgrammeError
from tillit.bonus.models import Suspension
from tillit.declaration.queries import current, holder_of
from tillit.journeys.events import PROGRAMME_CHANGED
from tillit.journeys.intake import settle_again
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties.models import Relationship
from tillit.parties.operations import alone
from tillit.purchases import intake, phases
from tillit.purchases.models import Chain

NOTICES, EARNING = "important_notices", "bonus_earning"


def suspend(
    *, chain_key: str, what: str, starts: datetime, reason: str, ends: datetime | None = None, parked: bool = False
) -> tuple[Suspension, int]:
    """Suspend earning or use of a chain and tell its members; the suspension, and how many were told now.

    Again: nobody is told twice. Raises what `suspensions.suspend` does, and `NoProgrammeError` for an unknown chain.
    """
    chain = Chain.objects.filter(key=chain_key).first()
    if chain is None:
        raise NoProgrammeError("unknown-chain", f"no chain '{chain_key}'")
    made = suspensions.suspend(chain_id=chain.pk, what=what, starts=starts, ends=ends, reason=reason, parked=parked)
    return made, _tell(made, f"bonus_suspended_{what}", f"suspension-{made.pk}")


def lift(*, suspension_id: int) -> tuple[Suspension, int]:
    """Lift a suspension now: post what was parked at the rates of its time, and tell members; once. Outside scopes."""
    intake.prepare_tables()
    one = suspensions.lift(suspension_id=suspension_id, at=clock.now())
    chain = one.chain
    if one.parked:
        actor = system("intake", {chain.controller_id, holder_of(controller_id=chain.controller_id)})
        with Scope(actor, EARNING) as scope:
            alone(register_id=chain.controller.register_id)  # a chunk in flight was rated as suspended
            if intake.recall_period(chain_id=chain.pk, starts=one.starts, ends=one.ends):
                accrual.accrue(scope=scope, batch_id=0, phase=phases.PREFIX)
                accrual.repay(scope=scope, batch_id=0, on=clock.today(), at=clock.now())
                settle_again(scope=scope)
                pooling.repay_everywhere(scope=scope, subject_ids=pooling.of_rows(), at=clock.now())
    return one, _tell(one, "bonus_resumed", f"suspension-{one.pk}-lifted")


def _tell(one: Suspension, template: str, key: str) -> int:
    """Tell the chain's members; how many are new. On record as a change of the programme."""
    chain = one.chain
    acting = system("suspension", {chain.controller_id, holder_of(controller_id=chain.controller_id)})
    language = current(controller_id=chain.controller_id, on=clock.today()).controller.languages[0]

    def moment(at: datetime | None) -> str:
        return format_datetime(at, "short", locale=language, tzinfo=ZoneInfo(DEFAULT_ZONE)) if at else "–"

    values = {"chain": chain.name, "from": moment(one.starts), "until": moment(one.ends)}
    with Scope(acting, NOTICES):
        related = Relationship.objects.filter(controller_id=chain.controller_id, kind="member", ended__isnull=True)
        known = Message.objects.filter(controller_id=chain.controller_id, key=key).values_list("subject_id", flat=True)
        people = sorted(set(related.values_list("subject_id", flat=True)) - set(known))
    put = send_round(
        actor=acting,
        activity=NOTICES,
        controller_id=chain.controller_id,
        template=template,
        people=dict.fromkeys(people, values),
        at=clock.now(),
        key=key,
    )
    append(
        type=PROGRAMME_CHANGED,
        actor=acting,
        activity="security_log",
        controller=chain.controller_id,
        details={"changes": 1},
        at=clock.now(),
    )
    return put.queued + put.shown
