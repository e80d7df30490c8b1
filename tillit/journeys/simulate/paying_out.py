"""What goes to bank accounts: a refund goes to the bank, is paid, refused, returned, taken back; the rest at night."""

import random
from collections.abc import Sequence
from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.files.camt import Movement
from tillit.journeys import payout_reports
from tillit.journeys import payouts as files
from tillit.kernel import clock
from tillit.kernel.scope import Actor, system
from tillit.services import charges, invoices, payouts
from tillit.services.errors import PaymentError
from tillit.services.payout_models import Payout
from tillit.services.simulated.insured import ACCOUNT
from tillit.services.simulated.paying import AMOUNT, BILLS, terms_of

PAYOUT, OVER = "payout", 100
AFTER = timedelta(days=7)


def pay_out(person: Person, rng: random.Random) -> None:
    """What the person paid too much is given back to their account; what the bank does not pay is tried again."""
    world, outcome = person.world, person.turn(PAYOUT)
    controller = Controller.objects.get(pk=world.controller_id)
    world.once("payment terms", lambda: terms_of(world))
    made = _refund(person)

    def leave() -> None:
        if outcome == "cancelled":
            files.change(actor=world.actor, controller=controller, payout_id=made.id, act="cancel")
            person.came(PAYOUT, outcome)
        elif to_bank(controller, [made.id]):
            person.later(2, answer, after=True)

    def answer() -> None:
        if outcome == "refused":
            with person.scope(payouts.ACTIVITY) as scope:
                payouts.refused(scope=scope, payout=made, reason="AC04", at=clock.now())
        else:
            _booked(controller, made, -made.amount)
        if outcome == "paid":
            person.came(PAYOUT, outcome)
            return
        if outcome == "returned":
            _booked(controller, made, made.amount)
        files.change(actor=_actor("third", controller), controller=controller, payout_id=made.id, act="again",
                     to_account=ACCOUNT)  # fmt: skip
        person.came(PAYOUT, outcome)

    person.later(3, leave, after=True)


def _refund(person: Person) -> Payout:
    at = clock.now()
    with person.scope(BILLS) as scope:
        row = invoices.issue(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            lines=[("x", AMOUNT)],
            at=at,
        )
        paid = invoices.pay_by_bank(
            scope=scope, invoice=row, amount=AMOUNT + OVER, entry=f"p{row.id}", at=at, booked_at=at
        )
        back = charges.give_back(scope=scope, payment=paid, amount=OVER, at=at, to_account=ACCOUNT)
    with person.scope(payouts.ACTIVITY):
        return Payout.objects.get(subject_id=back.subject_id, of_id=back.id)


def to_bank(controller: Controller, chosen: Sequence[int]) -> bool:
    """The payouts go to the bank in a file that one proposes and another approves; False where none of them may go."""
    try:
        run = files.propose(actor=_actor("one", controller), controller=controller, chosen=chosen)
    except PaymentError as refused:
        if refused.code not in ("nothing-chosen", "no-terms"):
            raise
        return False
    try:
        files.approve(actor=_actor("another", controller), controller=controller, number=run.number)
    except PaymentError as refused:
        if refused.code != "nothing-chosen":
            raise
        files.drop(actor=_actor("another", controller), controller=controller, number=run.number)
        return False
    return True


def nightly() -> None:
    """Whatever has waited for a week is paid."""
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if not payouts.offered(controller_id=controller.pk):
            continue
        waiting = files.desk(actor=_actor("one", controller), controller=controller).waiting
        late = [row for row in waiting if row.made_at <= clock.now() - AFTER and row.held_at is None]
        if late and to_bank(controller, [row.id for row in late]):
            for row in late:
                _booked(controller, row, -row.amount)


def _booked(controller: Controller, row: Payout, amount: int) -> None:
    told = Movement(f"E{amount}", row.reference, clock.today(), amount, row.currency, row.reference)
    payout_reports.take_movement(controller=controller, one=told)


def _actor(name: str, controller: Controller) -> Actor:
    return system(f"simulate-{name}", {controller.pk})


ACTS = {
    PAYOUT: Act(
        pay_out,
        {payouts.ACTIVITY: ("service_payment",), BILLS: ("service_payment",)},
        ("paid", "refused", "returned", "cancelled"),
    )
}
NIGHTLY = (nightly,)
