"""The blocking service, from both sides: the person's own page, and the desk that is open at any hour (D2)."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.cases import attachments, queries
from tillit.cases import operations as cases
from tillit.cases.errors import UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.case_desk import handled
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import person_scope
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, within
from tillit.services import blocking, events, instruments
from tillit.services.blocking import ACTIVITY, BLOCK
from tillit.services.errors import ServiceError
from tillit.services.models import BlockOrder, Instrument, Issuer, OrderState

OWN, LISTEN = "self_service", "call_recording"
PURPOSES = ("doubt", "dispute")
"""Why a recording may be played: doubt of which card was meant, or disagreement afterwards."""
PER_PERSON = Limit("block_instruments", 20, timedelta(days=1))


@dataclass(frozen=True)
class Shown:
    """A block with its orders, its log and its recordings. `who`: name and phone number, for the desk."""

    case: Case
    orders: Sequence[BlockOrder]
    entries: Sequence[Entry]
    recordings: Sequence[Document] = ()
    who: tuple[str, str] = ("", "")


def offered(*, controller: Controller) -> bool:
    """Whether the controller has a blocking service that people use by themselves."""
    declared = current(controller_id=controller.pk, on=clock.today())
    own = declared.activity(OWN)
    return declared.activity(ACTIVITY) is not None and own is not None and "blocked_instrument" in own.records


def mine(*, actor: Actor, subject_id: int) -> tuple[list[Instrument], list[Shown]]:
    """(what the person has on the service, their blocks, newest first)."""
    with Scope(actor, OWN, frozenset({subject_id})):
        held = list(instruments.mine(subject_id=subject_id))
        blocks = list(queries.of_person(subject_id=subject_id, kind=BLOCK)[:50])
        return held, [_shown(case, shown_only=True) for case in blocks]


def put_on(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    issuer: str,
    number: str,
    expires_on: date | None,
) -> Instrument:
    """Put a card or subscription of one's own on the service. Raises `ServiceError`, `TooManyTriesError`."""
    chosen = _issuer(controller, issuer)
    if not within(PER_PERSON, str(subject_id)):
        raise TooManyTriesError("too-many-tries", "too many cards and subscriptions today")
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return instruments.put_on(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            issuer=chosen,
            number=number,
            at=clock.now(),
            expires_on=expires_on,
        )


def take_off(*, actor: Actor, subject_id: int, instrument_id: int) -> None:
    """Take one off. Raises `ServiceError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        instruments.take_off(scope=scope, subject_id=subject_id, instrument_id=instrument_id, at=clock.now())


def block(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    instrument_ids: Collection[int],
    channel: str = "self_service",
    language: str = "nb",
) -> list[Case]:
    """Block now. The worker hands the orders over; have it start at once. Raises `ServiceError`."""
    with Scope(actor, OWN, frozenset({subject_id})) as scope:
        return blocking.block(
            scope=scope,
            subject_id=subject_id,
            controller_id=controller.pk,
            instrument_ids=instrument_ids,
            channel=channel,
            at=clock.now(),
            language=language,
        )


def may_handle(actor: Actor) -> bool:
    """Whether the member of staff blocks cards."""
    return actor.activities is None or ACTIVITY in actor.activities


def queue(*, actor: Actor, controller: Controller, show: str = "open", first: int = 0, most: int = 200) -> list[Shown]:
    """The controller's blocks, what is late first: `most` after the first so many. Raises `ScopeError`."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        found = queries.queue(controller_ids=[controller.pk], kind=BLOCK, show=show)[first : first + most]
        return [_shown(case, shown_only=False) for case in found]


def count_open(*, actor: Actor, controller: Controller) -> int:
    """How many blocks are not over."""
    with Scope(actor, ACTIVITY, controllers=frozenset({controller.pk})):
        return queries.queue(controller_ids=[controller.pk], kind=BLOCK).count()


def handling(*, actor: Actor, controller: Controller, case_id: int) -> AbstractContextManager[tuple[Scope, Case]]:
    """The open scope in which staff handle a block, and its case. Raises as `case_desk.handled`."""
    return handled(actor=actor, controller=controller, case_id=case_id, activity=ACTIVITY, kinds={BLOCK})


def look(*, actor: Actor, controller: Controller, case_id: int) -> Shown:
    """A block as the desk sees it; the look is on record."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=case.subject_id,
            details={"purpose": ACTIVITY, "categories": ["identity", "contact", "service_use"]},
        )
        known = facts(subject_id=case.subject_id)
        name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
        return _shown(case, shown_only=False, who=(name, known.get("phone", "")))


def settle(*, actor: Actor, controller: Controller, case_id: int, order_id: int, outcome: str, text: str = "") -> None:
    """A colleague has blocked it by phone, or it is not needed after all. Raises `ServiceError` (`no-reason`)."""
    if outcome not in (OrderState.BY_PHONE, OrderState.CANCELLED):
        raise ServiceError("no-outcome", "a block is settled by phone or cancelled")
    if outcome == OrderState.CANCELLED and not text.strip():
        raise ServiceError("no-reason", "say why it is not needed")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        order = _order(case, order_id)
        blocking.settle(scope=scope, order=order, outcome=OrderState(outcome), at=clock.now(), text=text)


def try_again(*, actor: Actor, controller: Controller, case_id: int, order_id: int) -> None:
    """Hand what an issuer rejected over once more. Raises `ServiceError` `not-rejected`."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        blocking.try_again(scope=scope, order=_order(case, order_id), at=clock.now())


def note(*, actor: Actor, controller: Controller, case_id: int, text: str) -> None:
    """A note of the desk."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        cases.take(scope=scope, case=case, step="note", at=clock.now(), text=text)


def keep_recording(
    *, actor: Actor, controller: Controller, case_id: int, body: bytes, recorded_at: datetime
) -> Document:
    """Keep the recording of the call, sealed, until its period is out, counted from when it was recorded.

    Raises `CaseError` for what is no recording, `ServiceError` `recorded-later`, `ScopeError`.
    """
    now = clock.now()
    if recorded_at > now:
        raise ServiceError("recorded-later", "a call cannot have been recorded later than now")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        listening = person_scope(actor=actor, activity=LISTEN, subject_id=case.subject_id)
        return attachments.add(scope=scope, case=case, body=body, at=now, made_at=recorded_at, under=listening)


def play(
    *, actor: Actor, controller: Controller, case_id: int, document_id: int, purpose: str
) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a recording, put on record with the purpose. Raises `ServiceError` (`purpose`)
    for any but `PURPOSES`, `ScopeError`, `UnknownCaseError`.
    """
    if purpose not in PURPOSES:
        raise ServiceError("purpose", "a recording is played in doubt or disagreement only")
    if actor.activities is not None and LISTEN not in actor.activities:
        raise ScopeError("scope-activity", f"{actor.kind} may not play recordings")
    with (
        handling(actor=actor, controller=controller, case_id=case_id) as (_, case),
        person_scope(actor=actor, activity=LISTEN, subject_id=case.subject_id) as listening,
    ):
        found = attachments.open_file(scope=listening, case=case, document_id=document_id)
        append(
            type=events.RECORDING_PLAYED,
            scope=listening,
            controller=case.controller_id,
            subject=case.subject_id,
            details={"case": case.id, "document": document_id, "purpose": purpose},
        )
        return found


def _issuer(controller: Controller, key: str) -> Issuer:
    found = instruments.issuers(controller_id=controller.pk).filter(key=key).first()
    if found is None:
        raise ServiceError("issuer", "choose who issued it")
    return found


def _order(case: Case, order_id: int) -> BlockOrder:
    found = next((one for one in blocking.orders(case=case) if one.id == order_id), None)
    if found is None:
        raise UnknownCaseError("no-order", "there is no such order")
    return found


def _shown(case: Case, *, shown_only: bool, who: tuple[str, str] = ("", "")) -> Shown:
    return Shown(
        case,
        blocking.orders(case=case),
        queries.entries(case=case, shown_only=shown_only),
        () if shown_only else list(queries.attached(case=case)),
        who,
    )
