"""Cases of the services: misuse of an identity, content on the web, cards to be blocked, something to be booked."""

import random
from typing import Any

from tillit.cases import attachments, queries
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.simulated import Act, Person
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.services import blocking, instruments
from tillit.services.acting import letters, mandates
from tillit.services.acting import operations as acting
from tillit.services.acting.models import ID_PROTECTION, WEB_CLEANUP, Stage
from tillit.services.concierge import operations as concierge
from tillit.services.concierge.errors import ConciergeError
from tillit.services.concierge.models import Offer
from tillit.services.models import Instrument, Issuer, OrderState
from tillit.services.product_models import ServiceSupplier
from tillit.services.simulated.agreed import agreed

BLOCK, BOOKING, LISTEN = "block", "booking", "call_recording"
OWN = "self_service"
SOUND = b"OggS" + bytes(60)
_CASE = {ID_PROTECTION: "id_case", WEB_CLEANUP: "web_cleanup_case"}
_ENDS = ("mandate expired", "done", "refused", "mandate withdrawn", "never signed")


def _open(person: Person, kind: str, **fields: Any) -> Case:
    agreed(person)
    with person.scope(kind) as scope:
        return cases.open_case(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            kind=kind,
            channel="phone",
            at=clock.now(),
            fields=fields,
        )


def _again(person: Person, case: Case) -> Case:
    found: Case = queries.case(case_id=case.id, subject_id=person.subject_id)
    return found


def act_for(person: Person, purpose: str) -> None:
    """A case in which we act under a mandate, and how it ends."""
    outcome, case = person.turn(purpose), _open(person, purpose, text="x")
    if outcome != "never signed":
        with person.as_member(OWN) as scope:
            shown = mandates.wording(purpose=purpose, controller_id=case.controller_id, language="nb").digest
            mandates.sign(scope=scope, case=case, shown=shown, language="nb", at=clock.now())
        with person.scope(purpose) as scope:
            _write(scope, _again(person, case))

    def end() -> None:
        with person.scope(purpose) as scope:
            mine = _again(person, case)
            if mine.closed_at is not None:
                return  # the person left meanwhile, and is back
            if outcome == "mandate withdrawn":
                mandates.withdraw(scope=scope, case=mine, at=clock.now())
            for one in acting.of_case(case=mine):
                stage = {"done": Stage.DONE, "refused": Stage.REFUSED}.get(outcome, Stage.DROPPED)
                acting.settle(scope=scope, case=mine, counterpart=one, stage=stage, at=clock.now())
            acting.close(scope=scope, case=_again(person, case), at=clock.now())
        person.came(purpose, outcome)

    person.later({"mandate expired": 400, "never signed": 10}.get(outcome, 40), end)


def _write(scope: Scope, case: Case) -> None:
    about = {"matter": "x"} if case.kind == ID_PROTECTION else {"url": "https://x.example/"}
    to = acting.add(scope=scope, case=case, name="x", address="x", at=clock.now(), **about)
    made = letters.write(
        scope=scope, case=case, counterpart=to, template=letters.templates(case.kind)[0], at=clock.now()
    )
    letters.posted(scope=scope, letter=made, at=clock.now())


def identity(person: Person, rng: random.Random) -> None:
    """Somebody has used the person's name."""
    act_for(person, ID_PROTECTION)


def clean_up(person: Person, rng: random.Random) -> None:
    """Something about the person is to leave the web."""
    act_for(person, WEB_CLEANUP)


def block(person: Person, rng: random.Random) -> None:
    """A subscription is put on the service and blocked, by a call that is recorded; later it is taken off."""
    outcome, world = person.turn(BLOCK), person.world
    agreed(person)
    issuer: Issuer = world.once(
        "operator",
        lambda: Issuer.objects.create(
            controller_id=world.controller_id, key="simulated", kind="subscription", name="x", phone="+4740000099"
        ),
    )
    mine: dict[str, Any] = {"subject_id": person.subject_id, "controller_id": world.controller_id}
    number = f"+4741{world.turns[BLOCK]:06}"
    with person.scope(blocking.ACTIVITY) as scope:
        made = instruments.put_on(scope=scope, issuer=issuer, number=number, at=clock.now(), **mine)
        (case,) = blocking.block(scope=scope, instrument_ids=[made.id], channel="phone", at=clock.now(), **mine)
        attachments.add(scope=scope, case=case, body=SOUND, at=clock.now(), under=person.scope(LISTEN))

    def settle() -> None:
        with person.scope(blocking.ACTIVITY) as scope:
            (order,) = blocking.orders(case=case)
            if outcome == "by phone":
                blocking.reject(scope=scope, order=order, reason="unknown-number", at=clock.now())
            state = OrderState(outcome.replace(" ", "_"))
            blocking.settle(scope=scope, order=order, outcome=state, at=clock.now())
        person.came(BLOCK, outcome)
        person.later(30, take_off)

    def take_off() -> None:
        with person.scope(blocking.ACTIVITY) as scope:
            if Instrument.objects.filter(subject_id=person.subject_id, id=made.id, removed_at=None).exists():
                instruments.take_off(scope=scope, subject_id=person.subject_id, instrument_id=made.id, at=clock.now())

    person.later(1, settle)


def book(person: Person, rng: random.Random) -> None:
    """Something is asked for, offered, and booked, also outside the EEA after a yes to that; declined, withdrawn, or
    cancelled by the supplier.
    """
    outcome, world = person.turn(BOOKING), person.world
    country = "US" if outcome == "abroad" else "NO"
    case = _open(person, concierge.CONCIERGE, text="x")
    supplier: ServiceSupplier = world.once(
        f"supplier in {country}",
        lambda: ServiceSupplier.objects.create(
            controller_id=world.controller_id,
            key=f"simulated_{country.lower()}",
            name="x",
            needs=["name"],
            country=country,
        ),
    )
    with person.scope(concierge.CONCIERGE) as scope:
        offered = concierge.offer(
            scope=scope, case=case, supplier=supplier, what="x", amount=90_000, needs=["name"], at=clock.now()
        )

    def answer() -> None:
        which: dict[str, Any] = {"offer_id": offered.id, "at": clock.now()}
        with person.scope(concierge.CONCIERGE) as scope:
            mine = _again(person, case)
            if mine.closed_at is not None:
                return  # the person left meanwhile, and is back
            if outcome == "declined":
                concierge.turn_down(scope=scope, case=mine, **which)
            elif outcome == "withdrawn":
                concierge.withdraw(scope=scope, case=mine, **which)
            else:
                _choose(scope, mine, offered, which)
                concierge.book(scope=scope, case=mine, **which)
                concierge.report(
                    scope=scope, case=mine, confirmation="x", text="x", cancelled=outcome == "cancelled", **which
                )
            cases.take(scope=scope, case=_again(person, case), step="closed", at=clock.now(), outcome="done")
        person.came(BOOKING, outcome)

    person.later(10, answer)


def _choose(scope: Scope, case: Case, offered: Offer, which: dict[str, Any]) -> None:
    """A choice; where it goes out of the EEA it is refused until the person has said yes to that."""
    if offered.abroad:
        try:
            concierge.choose(scope=scope, case=case, **which)
        except ConciergeError as refused:
            if refused.code != "ask-abroad":
                raise
        else:
            raise LookupError("chosen outside the EEA without a yes")
    concierge.choose(scope=scope, case=case, yes_to="x" if offered.abroad else "", **which)


ACTS = {
    ID_PROTECTION: Act(identity, {ID_PROTECTION: ("id_case", "mandate")}, _ENDS),
    WEB_CLEANUP: Act(clean_up, {WEB_CLEANUP: ("web_cleanup_case", "mandate")}, _ENDS),
    BLOCK: Act(
        block,
        {blocking.ACTIVITY: ("blocked_instrument", "service_use"), LISTEN: ("call_recording",)},
        ("confirmed", "by phone", "cancelled"),
    ),
    BOOKING: Act(book, {concierge.CONCIERGE: ("booking",)}, ("booked", "abroad", "declined", "withdrawn", "cancelled")),
}
