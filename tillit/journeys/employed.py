"""Whoever was registered as employed confirms that it is them, or says that it is not (H16).

The link came to the address that payroll typed; the identity number is what payroll has on record, sealed. Who knows
both is the employee. Where the address is another registration's here (a customer's, a subscriber's), both are one
person from then on, as where staff merge them (C3). The one who typed is told nothing of it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.journeys import merging as people
from tillit.kernel import clock
from tillit.kernel.identifiers import national_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.office.employees import events, links
from tillit.office.employees.errors import EmployeeError
from tillit.office.employees.links import Registered
from tillit.office.employees.operations import ACTIVITY, KIND
from tillit.parties import contacts, merging, operations, rates
from tillit.parties.errors import MergeRefusedError
from tillit.parties.lookup import by_address
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.parties.rates import Limit

_OFTEN = Limit("employee_confirm", 5, timedelta(days=1))
_GROUND = "own_request"
_SOURCE = "employer"


def stands(asked: Registered) -> bool:
    """Whether there is an address to confirm for an employment."""
    with _scope(asked):
        return _tied(asked) and _addressed(asked) is not None


def confirm(*, asked: Registered, number: str, at: datetime) -> None:
    """They are who was registered. Raises `EmployeeError`: `not-you` for another number, `often`, `cannot-join` where
    what is held of them may not be joined now, `shared` where the address is another person's here, `over`.
    """
    if not rates.within(_OFTEN, f"{asked.controller.pk}:{asked.subject_id}"):
        raise EmployeeError("often", "too many tries")
    with transaction.atomic():
        with _scope(asked) as scope:
            operations.lock_subject(scope=scope, subject_id=asked.subject_id)
            text = _addressed(asked)
            if text is None or not _tied(asked):
                raise EmployeeError("over", "there is nothing to confirm")
            if not _is_theirs(scope, asked, number):
                raise EmployeeError("not-you", "that is not the number on record")
            _note(scope, asked, events.CONFIRMED)
        holder = by_address(register_id=asked.controller.register_id, text=text)
        if holder is not None and merging.own(holder) != merging.own(asked.subject_id):
            if _is_another(asked, merging.own(holder)):
                raise EmployeeError("shared", "the address is another person's here")
            _join(asked, merging.own(holder), at)
        with _scope(asked) as scope:
            for kind in ("email", "phone"):
                if (written := _address(asked, kind)) is not None:
                    contacts.record_address(
                        scope=scope,
                        register_id=asked.controller.register_id,
                        subject_id=asked.subject_id,
                        controller_id=asked.controller.pk,
                        kind=kind,
                        text=written,
                        source=_SOURCE,
                        at=at,
                        may_be_anothers=True,
                    )


def deny(*, asked: Registered, at: datetime) -> None:
    """Whoever has the address does not work there: it is taken away, and payroll finds none. Raises `EmployeeError`
    `over` where it is kept no more.
    """
    with _scope(asked) as scope:
        if _addressed(asked) is None:
            raise EmployeeError("over", "that address is kept no more")
        contacts.retire_address(
            scope=scope,
            register_id=asked.controller.register_id,
            subject_id=asked.subject_id,
            controller_id=asked.controller.pk,
            kind="email",
            at=at,
        )
        _note(scope, asked, events.DENIED)


def _is_another(asked: Registered, holder: int) -> bool:
    """Whether who has the address here bears another given name: somebody else who reads the same mailbox."""
    every = Controller.objects.filter(register_id=asked.controller.register_id).values_list("id", flat=True)
    with Scope(system("employee", every), ACTIVITY, frozenset({asked.subject_id, holder})):
        mine, theirs = (_given(merging.same_person(one)) for one in (asked.subject_id, holder))
    return bool(mine and theirs and not mine & theirs)


def _given(subjects: Collection[int]) -> set[str]:
    rows = Fact.objects.filter(subject_id__in=subjects, kind="name.given", superseded_at__isnull=True)
    return {part for said in rows.values_list("value", flat=True) for part in said.casefold().replace("-", " ").split()}


def _join(asked: Registered, into: int, at: datetime) -> None:
    register = asked.controller.register_id
    every = Controller.objects.filter(register_id=register).values_list("id", flat=True)
    try:
        people.join(
            actor=system("employee", every),
            activity=ACTIVITY,
            controller=asked.controller,
            subject_id=asked.subject_id,
            into=into,
            reason=_GROUND,
            at=at,
        )
    except MergeRefusedError:
        raise EmployeeError("cannot-join", "what is held of them may not be joined now") from None


def _is_theirs(scope: Scope, asked: Registered, typed: str) -> bool:
    try:
        number = national_number.normalise(typed)
    except IdentifierError:
        return False
    kept = SealedFact.objects.filter(
        subject_id=asked.subject_id,
        controller_id=asked.controller.pk,
        kind="national_number",
        superseded_at__isnull=True,
    ).first()
    return kept is not None and operations.open_fact(scope=scope, fact=kept) == number


def _tied(asked: Registered) -> bool:
    ties = Relationship.objects.filter(subject_id=asked.subject_id, controller_id=asked.controller.pk, kind=KIND)
    return ties.filter(Q(ended__isnull=True) | Q(ended__gt=clock.today())).exists()


def _addressed(asked: Registered) -> str | None:
    """The address that the link was sent to, where it is still kept."""
    text = _address(asked, "email")
    return text if text is not None and links.mark(text) == asked.mark else None


def _address(asked: Registered, kind: str) -> str | None:
    rows = Fact.objects.filter(
        subject_id=asked.subject_id, controller_id=asked.controller.pk, kind=kind, superseded_at__isnull=True
    )
    return rows.values_list("value", flat=True).first()


def _note(scope: Scope, asked: Registered, event: EventType) -> None:
    append(type=event, scope=scope, controller=asked.controller.pk, subject=asked.subject_id, details={})


def _scope(asked: Registered) -> Scope:
    return Scope(system("employee", {asked.controller.pk}), ACTIVITY, frozenset({asked.subject_id}))
