"""Lost access (H18): a new address for somebody who reads none of the old ones, after a warning and a wait.

Who still has one verified address, or a passkey, signs in with it and changes the rest. For who has not, a colleague
who sees who it is, or a registration with member number and national number, asks for new addresses. They count for
nothing for three days, all the old addresses are told, and whoever reads one of those stops it with one click. When it
takes effect, every other way in is forgotten: it may be in the hands of whoever made the person lose theirs.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import transaction

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
from tillit.parties.contacts import record_address
from tillit.parties.credential_models import OutsideIdentity, Passkey, Password
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Login, RememberedDevice, Session
from tillit.parties.operations import lock_subject, record_fact, retire_fact
from tillit.parties.queries import facts

WAIT = timedelta(hours=72)
WAITING = {"waiting.email": "email", "waiting.phone": "phone"}
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


def ask(
    *, scope: Scope, controller: Controller, subject_id: int, addresses: Mapping[str, str], said: Letter, seen: str = ""
) -> datetime | None:
    """Have new addresses (`email`, `phone`, each shown to be read by who asks) wait; when they will count.

    None: the person has no address on record that could be warned, and nothing waits; they count at once. `scope`: an
    activity that may record how people are reached; `seen`: the document a colleague saw. Raises `AlreadyClaimedError`
    for another person's address.
    """
    holder, at = holder_of(controller_id=controller.pk), clock.now()
    lock_subject(scope=scope, subject_id=subject_id)
    known = facts(subject_id=subject_id)
    old: dict[str, str] = {kind: known[kind] for kind in ("email", "phone") if kind in known}
    if not old:
        for kind, text in addresses.items():
            _record(scope, controller, holder, subject_id, kind, text, at)
        _noted(scope, holder, subject_id, ACCESS_GIVEN, seen)
        return None
    for kind, text in addresses.items():
        record_fact(
            scope=scope,
            subject_id=subject_id,
            controller_id=holder,
            category="contact",
            kind=f"waiting.{kind}",
            value=text,
            source="data_subject",
            at=at,
        )
    _noted(scope, holder, subject_id, ACCESS_ASKED, seen)
    stop = f"{settings.SITE_URL}/access/{tokens.make(_USE, subject_id, controller.pk, int(at.timestamp()))}/"
    _warn(controller, old, said, stop, at + WAIT)
    return at + WAIT


@transaction.atomic
def stop(*, token: str) -> Controller | None:
    """What the link in a warning does: the new addresses are forgotten. The controller; None for a link not of ours."""
    match tokens.read(_USE, token):
        case [int(subject), int(controller_id), int(asked)]:
            controller = Controller.objects.filter(pk=controller_id).first()
        case _:
            return None
    if controller is None:
        return None
    holder = holder_of(controller_id=controller.pk)
    mine = [one for one in _waiting(holder, subject) if int(one.collected_at.timestamp()) == asked]
    for under, rows in groupby(mine, key=_under):
        with Scope(system("recovery", {holder}), under, frozenset({subject})) as scope:
            lock_subject(scope=scope, subject_id=subject)
            for row in rows:
                retire_fact(scope=scope, subject_id=subject, controller_id=holder, kind=row.kind, at=clock.now())
            _noted(scope, holder, subject, ACCESS_STOPPED)
    return controller


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
            _take_effect(controller, subject, under, {row.kind: row.value for row in rows}, at)
            done += 1
    return done


def _waiting(controller_id: int, subject: int | None = None) -> list[Fact]:
    with Scope(system("recovery", {controller_id}), "sign_in", None if subject is None else frozenset({subject})):
        rows = Fact.objects.filter(kind__in=WAITING, superseded_at__isnull=True, controller_id=controller_id)
        mine = rows if subject is None else rows.filter(subject_id=subject)
        return list(mine.order_by("subject_id", "collected_under", "kind"))


def _whose(fact: Fact) -> tuple[int, str]:
    return fact.subject_id, fact.collected_under


def _under(fact: Fact) -> str:
    return fact.collected_under


@transaction.atomic
def _take_effect(controller: Controller, subject: int, under: str, waiting: dict[str, str], at: datetime) -> None:
    with Scope(system("recovery", {controller.pk}), under, frozenset({subject})) as scope:
        lock_subject(scope=scope, subject_id=subject)
        before = facts(subject_id=subject)
        for kind, text in waiting.items():
            # Somebody else may have shown meanwhile that it is theirs.
            with suppress(AlreadyClaimedError), transaction.atomic():
                _record(scope, controller, controller.pk, subject, WAITING[kind], text, at)
            retire_fact(scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, at=at)
        move_pair(scope, controller, subject, before)
        _noted(scope, controller.pk, subject, ACCESS_GIVEN)
    forget_ways_in(subject_ids=same_person(subject))


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


def _warn(controller: Controller, old: dict[str, str], said: Letter, stop_link: str, until: datetime) -> None:
    day = clock.local_date(until).isoformat()
    if "email" in old:
        text = said.text.format(stop=stop_link, until=day)
        send_unstored(to=old["email"], subject=said.subject, text=text, sender=said.sender)
    declared = current(controller_id=controller.pk, on=clock.today())
    if "phone" in old and can_text(declared):
        text = said.sms.format(stop=stop_link, until=day)
        send_unstored_text(declaration=declared, to=old["phone"], text=text, expires=until)


def _noted(scope: Scope, controller_id: int, subject_id: int, event: EventType, seen: str = "") -> None:
    details = {"identity": seen} if seen else {}
    append(type=event, scope=scope, controller=controller_id, subject=subject_id, details=details)
