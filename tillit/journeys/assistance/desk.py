"""What agents do: letters under a mandate, answers, outcomes; offers and bookings (D3, D4, D5). Looks are on record."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.cases import attachments, operations, queries
from tillit.cases.errors import CaseError
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.journeys.assistance import SERVICES, UNDER_MANDATE
from tillit.journeys.assistance.own import Shown, shown
from tillit.journeys.case_desk import handled
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.scope import Actor, Scope
from tillit.parties.queries import facts
from tillit.services.acting import letters
from tillit.services.acting import operations as acting
from tillit.services.acting.models import Counterpart, Letter, Stage
from tillit.services.concierge import operations as concierge
from tillit.services.concierge.errors import ConciergeError
from tillit.services.concierge.models import Offer
from tillit.services.product_models import ServiceSupplier

_READ = {
    "id_protection": ["identity", "contact", "id_case", "mandate"],
    "web_cleanup": ["identity", "contact", "web_cleanup_case", "mandate"],
    "concierge": ["identity", "contact", "booking"],
}


def may_handle(actor: Actor, service: str) -> bool:
    """Whether the member of staff handles cases of the service."""
    return service in SERVICES and (actor.activities is None or service in actor.activities)


def queue(
    *, actor: Actor, controller: Controller, service: str, show: str = "open", first: int = 0, most: int = 200
) -> list[tuple[Case, date | None]]:
    """(case, the day something of it is to be looked at) of the service, the most urgent first: `most` after the first
    so many. Raises `ScopeError`.
    """
    with Scope(actor, service, controllers=frozenset({controller.pk})):
        chosen = queries.queue(controller_ids=[controller.pk], kind=service, show=show)
        found = list(chosen[first : first + most] if show == "closed" else chosen)
        days: dict[int, Any] = {}
        if service in UNDER_MANDATE:
            rows = Counterpart.objects.filter(case_id__in=[case.id for case in found], next_on__isnull=False)
            days = dict(rows.order_by("-next_on").values_list("case_id", "next_on"))
    ordered = sorted(found, key=lambda case: (days.get(case.id, date.max), case.received_at, case.id))
    return [(case, days.get(case.id)) for case in (found if show == "closed" else ordered[first : first + most])]


def count_open(*, actor: Actor, controller: Controller, service: str) -> int:
    """How many cases of the service are open."""
    with Scope(actor, service, controllers=frozenset({controller.pk})):
        return queries.queue(controller_ids=[controller.pk], kind=service).count()


def handling(
    *, actor: Actor, controller: Controller, service: str, case_id: int
) -> AbstractContextManager[tuple[Scope, Case]]:
    """The open scope in which staff handle a case, and it. Raises as `case_desk.handled`."""
    kinds = {service} & set(SERVICES)
    return handled(actor=actor, controller=controller, case_id=case_id, activity=service, kinds=kinds)


def look(*, language: str, **which: Any) -> Shown:
    """A case as the desk sees it; the look is on record."""
    with handling(**which) as (scope, case):
        append(
            type=PERSON_READ,
            scope=scope,
            controller=case.controller_id,
            subject=case.subject_id,
            details={"purpose": case.kind, "categories": _READ[case.kind]},
        )
        known = facts(subject_id=case.subject_id)
        name = " ".join(filter(None, (known.get("name.given"), known.get("name.family"))))
        return replace(shown(case, language=language, shown_only=False), who=(name, known.get("phone", "")))


def reply(*, text: str, files: Sequence[bytes] = (), **which: Any) -> None:
    """Answer the person in the case, with files. Raises `CaseError`."""
    if not text.strip() and not files:
        raise CaseError("no-text", "there is nothing to send")
    with handling(**which) as (scope, case):
        for body in files:
            attachments.add(scope=scope, case=case, body=body, at=clock.now())
        if text.strip():
            operations.take(scope=scope, case=case, step="replied", at=clock.now(), text=text.strip())


def note(*, text: str, **which: Any) -> None:
    """A note that the person does not see in the case."""
    with handling(**which) as (scope, case):
        operations.take(scope=scope, case=case, step="note", at=clock.now(), text=text)


def close(*, text: str = "", **which: Any) -> None:
    """Nothing is left to do. Raises `CaseError`."""
    with handling(**which) as (scope, case):
        if case.kind in UNDER_MANDATE:
            acting.close(scope=scope, case=case, at=clock.now(), text=text)
        else:
            operations.take(scope=scope, case=case, step="closed", at=clock.now(), text=text)


def reopen(**which: Any) -> None:
    """There is something left after all. Raises `CaseError`."""
    with handling(**which) as (scope, case):
        operations.take(scope=scope, case=case, step="reopened", at=clock.now())


def add(*, about: dict[str, str], **which: Any) -> Counterpart:
    """One more creditor or site. Raises `ActingError`."""
    with handling(**which) as (scope, case):
        return acting.add(scope=scope, case=case, at=clock.now(), **about)


def send(
    *, counterpart_id: int, template: str, letter_language: str, text: str, with_address: bool, **which: Any
) -> Letter:
    """Make a letter under the mandate. Raises `ActingError`, `DisclosureRefusedError`."""
    with handling(**which) as (scope, case):
        return letters.write(
            scope=scope,
            case=case,
            counterpart=acting.one(case=case, counterpart_id=counterpart_id),
            template=template,
            at=clock.now(),
            language=letter_language,
            text=text,
            with_address=with_address,
        )


def posted(*, letter_id: int, **which: Any) -> None:
    """A letter is on its way. Raises `ActingError`."""
    with handling(**which) as (scope, case):
        letters.posted(scope=scope, letter=acting.letter(case=case, letter_id=letter_id), at=clock.now())


def take_in(*, counterpart_id: int, files: Sequence[bytes], **which: Any) -> None:
    """An answer came in. Raises `ActingError`, `CaseError`."""
    if not files:
        raise CaseError("file-empty", "choose the answer's file")
    with handling(**which) as (scope, case):
        for body in files:
            to = acting.one(case=case, counterpart_id=counterpart_id)
            acting.take_in(scope=scope, case=case, counterpart=to, body=body, at=clock.now())


def settle(*, counterpart_id: int, stage: str, text: str, again: date | None, **which: Any) -> None:
    """How it ended with one; or, of what is done, whether it still is (`still`, `back`). Raises `ActingError`."""
    with handling(**which) as (scope, case):
        given: dict[str, Any] = {"scope": scope, "case": case, "at": clock.now()}
        given["counterpart"] = acting.one(case=case, counterpart_id=counterpart_id)
        if stage in ("still", "back"):
            acting.looked_again(**given, still_done=stage == "still")
        elif stage in Stage.values:
            acting.settle(**given, stage=Stage(stage), text=text, look_again=again)


def file(*, document_id: int, **which: Any) -> tuple[str, str, bytes]:
    """(name, media type, contents) of a file or letter of the case. A letter that waits to be posted is opened while
    its mandate stands alone. Raises `UnknownCaseError`, `ActingError` `no-mandate`.
    """
    with handling(**which) as (scope, case):
        document = queries.document(case=case, document_id=document_id)
        for letter in acting.letters_of(case=case):
            if letter.document_id == document.id:
                letters.may_leave(letter=letter, at=clock.now())
        return document.name, document.media_type, operations.open_document(scope=scope, document=document)


def suppliers(*, controller: Controller) -> list[ServiceSupplier]:
    """Whom the concierge books with, by name."""
    return list(ServiceSupplier.objects.filter(controller=controller).order_by(Ordered("name")))


def offer(
    *,
    supplier: str,
    what: str,
    amount: int,
    needs: Collection[str],
    valid_until: datetime | None,
    **which: Any,
) -> Offer:
    """Offer something of a supplier, by its key. Raises `ConciergeError`."""
    with handling(**which) as (scope, case):
        chosen = ServiceSupplier.objects.filter(controller_id=case.controller_id, key=supplier).first()
        if chosen is None:
            raise ConciergeError("supplier", "choose a supplier")
        return concierge.offer(
            scope=scope,
            case=case,
            supplier=chosen,
            what=what,
            amount=amount,
            at=clock.now(),
            needs=needs,
            valid_until=valid_until,
        )


def withdraw(*, offer_id: int, **which: Any) -> None:
    """Take an offer back. Raises `ConciergeError`."""
    with handling(**which) as (scope, case):
        concierge.withdraw(scope=scope, case=case, offer_id=offer_id, at=clock.now())


def book(*, offer_id: int, **which: Any) -> dict[str, Any]:
    """Book what was chosen; what the supplier is to be told, and nothing else. Raises `ConciergeError`,
    `DisclosureRefusedError`.
    """
    with handling(**which) as (scope, case):
        return dict(concierge.book(scope=scope, case=case, offer_id=offer_id, at=clock.now()).payload)


def report(*, offer_id: int, confirmation: str, text: str, cancelled: bool, **which: Any) -> None:
    """What the supplier says back. Raises `ConciergeError`."""
    with handling(**which) as (scope, case):
        concierge.report(
            scope=scope,
            case=case,
            offer_id=offer_id,
            confirmation=confirmation,
            text=text,
            at=clock.now(),
            cancelled=cancelled,
        )
