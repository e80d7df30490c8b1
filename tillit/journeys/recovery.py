"""Lost access (H18): a new address for somebody who reads none of the old ones, after a warning and a wait.

Who still has one verified address, or a passkey, signs in with it and changes the rest. For who has not, a colleague
who sees who it is, or a registration with member number and national number, asks for new addresses. They count for
nothing for three days, all the old addresses are told, and whoever reads one of those stops it with one click, for a
week. Where nobody can be told, nothing is asked for. When it takes effect, every other way in is forgotten: it may be
in the hands of whoever made the person lose theirs.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from tillit.audit.events import ACCESS_ASKED, ACCESS_GIVEN, ACCESS_STOPPED
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys.profile import move_pair
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import tokens
from tillit.messages.mail import send_unstored
from tillit.messages.text_message import can_text, send_unstored_text
from tillit.parties import lookup
from tillit.parties.contacts import record_address
from tillit.parties.credential_models import OutsideIdentity, Passkey, Password
from tillit.parties.errors import AlreadyClaimedError, NewAccessRefusedError
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Login, RememberedDevice, Session
from tillit.parties.operations import lock_subject, record_fact, retire_fact
from tillit.parties.queries import facts

WAIT = timedelta(hours=72)
PAUSE = timedelta(days=7)
WAITING = {"waiting.email": "email", "waiting.phone": "phone"}
_STOPPED = "waiting.stopped"
_USE = "stop_new_access"


@dataclass(frozen=True)
class Letter:
    """What the old addresses are told: a mail's subject and text, the SMS (`{stop}`, `{until}`), and the sender; and
    what one that was replaced at once is told.
    """

    subject: str
    text: str
    sms: str
    sender: str
    replaced_subject: str
    replaced_text: str


@dataclass(frozen=True)
class Stopped:
    """What a click on the link in a warning did. waited: whether there was anything to stop."""

    controller: Controller
    waited: bool


def ask(
    *, scope: Scope, controller: Controller, subject_id: int, addresses: Mapping[str, str], said: Letter, seen: str = ""
) -> datetime | None:
    """Have new addresses (`email`, `phone`, each shown to be read by who asks) wait; when they will count.

    None: the person has neither an address on record nor a way in, and nothing waits; they count at once. `scope`: an
    activity that may record how people are reached; `seen`: the document a colleague saw. Raises `AlreadyClaimedError`
    for another person's address, and `NewAccessRefusedError`: `stopped` (somebody who reads an old address stopped it
    within the last `PAUSE`), `nobody-told` (none of the old addresses can be reached, so nobody could stop it).
    """
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    lock_subject(scope=scope, subject_id=subject_id)
    if is_new(subject_id=subject_id):
        for kind, text in addresses.items():
            _record(scope, controller, holder, subject_id, kind, text, at)
        _noted(scope, holder, subject_id, ACCESS_GIVEN, seen)
        return None
    if _current(subject_id, {_STOPPED}).filter(collected_at__gt=at - PAUSE).exists():
        raise NewAccessRefusedError("stopped", "the person stopped new access a short while ago")
    waiting = [_wait(scope, holder, subject_id, f"waiting.{kind}", text, at) for kind, text in addresses.items()]
    until = min(one.collected_at for one in waiting) + WAIT
    stop = f"{settings.SITE_URL}/access/{tokens.make(_USE, subject_id, controller.pk, int(at.timestamp()))}/"
    if not _warn(controller, subject_id, said, stop, until):
        raise NewAccessRefusedError("nobody-told", "no address of the person's can be told, so it could not be stopped")
    _noted(scope, holder, subject_id, ACCESS_ASKED, seen)
    return until


def is_new(*, subject_id: int) -> bool:
    """Whether the person has neither an address on record, working or not, nor a way in. Within an open scope."""
    if _current(subject_id, set(WAITING.values())).exists():
        return False
    logins = list(Login.objects.filter(subject_id__in=same_person(subject_id)).values_list("pk", flat=True))
    return not any(
        model._default_manager.filter(login_id__in=logins).exists()
        for model in (Session, RememberedDevice, Password, Passkey, OutsideIdentity)
    )


@transaction.atomic
def stop(*, token: str) -> Stopped | None:
    """What the link in any warning does: whatever waits for the person is forgotten, whichever request it came with,
    and none is taken for `PAUSE`. None for a link not of ours.
    """
    match tokens.read(_USE, token):
        case [int(subject), int(controller_id), int()]:
            controller = Controller.objects.filter(pk=controller_id).first()
        case _:
            return None
    if controller is None:
        return None
    holder = holder_of(controller_id=controller.pk)
    at, stopped = clock.now(), False
    people = same_person(subject)
    for (one, under), rows in groupby(_waiting(holder, people), key=_whose):
        with Scope(system("recovery", {holder}), under, frozenset({one})) as scope:
            lock_subject(scope=scope, subject_id=one)
            # It may have taken effect, or been stopped, while this waited for the lock.
            mine = [retire_fact(scope=scope, subject_id=one, controller_id=holder, kind=r.kind, at=at) for r in rows]
            if any(mine):
                _wait(scope, holder, one, _STOPPED, at.isoformat(), at)
                _noted(scope, holder, one, ACCESS_STOPPED)
                stopped = True
    return Stopped(controller, stopped)


def named(token: str) -> Controller | None:
    """The controller that a link in a warning is of; changes nothing."""
    match tokens.read(_USE, token):
        case [int(), int(controller_id), int()]:
            return Controller.objects.filter(pk=controller_id).first()
    return None


def take_effect() -> int:
    """Addresses whose three days have passed replace the old ones; how many people's. Outside every scope; a job."""
    done, at = 0, clock.now()
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        if holder_of(controller_id=controller.pk) != controller.pk:
            continue
        due = [one for one in _waiting(controller.pk) if one.collected_at <= at - WAIT]
        for (subject, under), rows in groupby(due, key=_whose):
            done += _take_effect(controller, subject, under, {row.kind: row.value for row in rows}, at)
        _forget_stops(controller.pk, at)
    return done


def _waiting(controller_id: int, people: Collection[int] | None = None, kinds: Collection[str] = WAITING) -> list[Fact]:
    with Scope(system("recovery", {controller_id}), "sign_in", None if people is None else frozenset(people)):
        rows = Fact.objects.filter(kind__in=list(kinds), superseded_at__isnull=True, controller_id=controller_id)
        mine = rows if people is None else rows.filter(subject_id__in=people)
        return list(mine.order_by("subject_id", "collected_under", "kind"))


def _current(subject_id: int, kinds: Collection[str]) -> QuerySet[Fact]:
    """Facts of these kinds that the scope sees of the person, under whichever of their subjects."""
    return Fact.objects.filter(subject_id__in=same_person(subject_id), kind__in=kinds, superseded_at__isnull=True)


def _wait(scope: Scope, holder: int, subject_id: int, kind: str, value: str, at: datetime) -> Fact:
    return record_fact(
        scope=scope,
        subject_id=subject_id,
        controller_id=holder,
        category="contact",
        kind=kind,
        value=value,
        source="data_subject",
        at=at,
    )


def _forget_stops(controller_id: int, at: datetime) -> None:
    for row in _waiting(controller_id, kinds=[_STOPPED]):
        if row.collected_at <= at - PAUSE:
            people = frozenset({row.subject_id})
            with transaction.atomic(), Scope(system("recovery", {controller_id}), row.collected_under, people) as scope:
                retire_fact(scope=scope, subject_id=row.subject_id, controller_id=controller_id, kind=_STOPPED, at=at)


def _whose(fact: Fact) -> tuple[int, str]:
    return fact.subject_id, fact.collected_under


@transaction.atomic
def _take_effect(controller: Controller, subject: int, under: str, waiting: dict[str, str], at: datetime) -> bool:
    with Scope(system("recovery", {controller.pk}), under, frozenset({subject})) as scope:
        lock_subject(scope=scope, subject_id=subject)
        still = set(_current(subject, waiting).values_list("kind", "value"))
        if not set(waiting.items()) <= still:
            return False  # stopped, or asked for anew, while this waited for the lock
        before = facts(subject_id=subject)
        for kind, text in waiting.items():
            # Somebody else may have shown meanwhile that it is theirs.
            with suppress(AlreadyClaimedError), transaction.atomic():
                _record(scope, controller, controller.pk, subject, WAITING[kind], text, at)
            retire_fact(scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, at=at)
        move_pair(scope, controller, subject, before)
        _noted(scope, controller.pk, subject, ACCESS_GIVEN)
    forget_ways_in(subject_ids=same_person(subject))
    return True


def forget_ways_in(*, subject_ids: Collection[int]) -> None:
    """End the person's sessions and forget password, passkeys, outside identities and remembered browsers."""
    logins = list(Login.objects.filter(subject_id__in=subject_ids).values_list("pk", flat=True))
    for model in (Session, RememberedDevice, Password, Passkey, OutsideIdentity):
        model._default_manager.filter(login_id__in=logins).delete()


def tell_replaced(before: Mapping[str, str], given: Mapping[str, str], said: Letter) -> None:
    """Tell the old e-mail address that it was replaced, when it was."""
    if "email" in before and before["email"] != given.get("email", before["email"]):
        send_unstored(to=before["email"], subject=said.replaced_subject, text=said.replaced_text, sender=said.sender)


def _record(
    scope: Scope, controller: Controller, holder: int, subject: int, kind: str, text: str, at: datetime
) -> None:
    record_address(
        scope=scope,
        register_id=controller.register_id,
        subject_id=subject,
        controller_id=holder,
        kind=kind,
        text=text,
        source="data_subject",
        at=at,
    )


def _warn(controller: Controller, subject: int, said: Letter, stop_link: str, until: datetime) -> int:
    """Tell every address of the person's, of whichever subject, that has not proved dead; how many were told."""
    day = clock.local_date(until).isoformat()
    declared = current(controller_id=controller.pk, on=clock.today())
    working = _current(subject, set(WAITING.values())).filter(failed_at__isnull=True).order_by("kind", "id")
    old = {lookup.address_key(value): (kind, value) for kind, value in working.values_list("kind", "value")}
    told = 0
    for kind, value in old.values():
        if kind == "email":
            text = said.text.format(stop=stop_link, until=day)
            send_unstored(to=value, subject=said.subject, text=text, sender=said.sender)
            told += 1
        elif can_text(declared):
            text = said.sms.format(stop=stop_link, until=day)
            send_unstored_text(declaration=declared, to=value, text=text, expires=until)
            told += 1
    return told


def _noted(scope: Scope, controller_id: int, subject_id: int, event: EventType, seen: str = "") -> None:
    details = {"identity": seen} if seen else {}
    append(type=event, scope=scope, controller=controller_id, subject=subject_id, details=details)
