"""What the two sides of a family's tie share: the scopes of the service's own, and the consent it rests on (D12)."""

from datetime import date
from hashlib import sha256

from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.merging import own
from tillit.services.errors import ServiceError
from tillit.services.family import ACTIVITY


def actor_of(controller: Controller) -> Actor:
    """The service itself."""
    return system("family", {controller.pk})


def everybody(controller: Controller) -> Scope:
    """The scope in which ties are looked for, whoever they tie."""
    return Scope(actor_of(controller), ACTIVITY)


def naming(controller: Controller, *subjects: int) -> Scope:
    """The scope of the people named."""
    return Scope(actor_of(controller), ACTIVITY, frozenset(subjects))


def consented(controller: Controller, subject_id: int, kind: EventKind, route: str, wording: str) -> None:
    """Record a yes, or its withdrawal. wording: what was read, of which the digest is kept."""
    with Scope(actor_of(controller), "consent_management", frozenset({subject_id})) as scope:
        consent.record(
            scope=scope,
            subject_id=own(subject_id),
            controller_id=controller.pk,
            activity=ACTIVITY,
            kind=kind,
            route=route,
            wording=sha256(wording.encode()).hexdigest() if wording else "",
            at=clock.now(),
        )


def birthday(born: date, years: int) -> date:
    """The day on which somebody is so many years old."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February, in a year without one
        return date(born.year + years, 3, 1)


def day_of(text: str) -> date:
    """A day as typed. Raises `ServiceError` `birth-date`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ServiceError("birth-date", "that is no date") from None
