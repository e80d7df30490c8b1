"""Newsletters for people without an account: asked for on a page, confirmed from the address (double opt-in, F1).

Nothing is stored until the link in the mail is followed and its button pressed: what was asked for is sealed in the
link. A GET shows the page and changes nothing. The answer is the same whether the address is known or not.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tillit.consent.models import ConsentEvent, EventKind
from tillit.consent.operations import record, shown
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Activity
from tillit.journeys.consents import receipts
from tillit.journeys.consents.errors import ConsentRefusedError
from tillit.journeys.consents.words import first_language, script
from tillit.journeys.interests import _kind, activity_for
from tillit.kernel import clock
from tillit.kernel.identifiers import email as addresses
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.messages import once, tokens
from tillit.messages.mail import send_unstored
from tillit.parties import lookup, rates
from tillit.parties.merging import same_person
from tillit.parties.operations import create_subject, record_fact, relate

ACTIVITY, CHANNEL, RELATION, UNDER = "newsletter", "email", "subscriber", "consent_management"
LIVES = timedelta(days=3)
_USE = "signup"
PER_ADDRESS = rates.Limit("newsletter_address", 3, timedelta(days=1))
PER_MAILBOX = rates.Limit("newsletter_mailbox", 6, timedelta(days=1))
PER_NETWORK = rates.Limit("newsletter_network", 30, timedelta(hours=1))


@dataclass(frozen=True)
class Asked:
    """What a link confirms."""

    controller: Controller
    address: str
    topics: tuple[str, ...]
    at: datetime


def offered(controller: Controller) -> Activity | None:
    """The newsletter, where the controller sends one to people who only subscribe."""
    declared = current(controller_id=controller.pk, on=clock.today())
    found, choosing = declared.activity(ACTIVITY), declared.activity(UNDER)
    if found is None or choosing is None or RELATION not in found.applies_to or CHANNEL not in found.channels:
        return None
    return found if {"relationship", "marketing_contact"} <= set(choosing.records) else None


def ask(*, controller: Controller, address: str, topics: Collection[str], link: str, network: str) -> None:
    """Send the link to the address. `link`: where it leads, with `{token}`. Raises `ConsentRefusedError`."""
    if offered(controller) is None:
        raise ConsentRefusedError("not-offered", "there is no newsletter")
    try:
        written = addresses.normalise(address)
    except IdentifierError:
        raise ConsentRefusedError("address", "that is no e-mail address") from None
    if not rates.within(PER_NETWORK, rates.truncated(network)) or not rates.within(PER_MAILBOX, _mailbox(written)):
        return
    if not rates.within(PER_ADDRESS, f"{controller.pk}:{written}"):
        return
    declared, now = current(controller_id=controller.pk, on=clock.today()), clock.now()
    wanted = sorted({topic.key for topic in declared.topics} & set(topics))
    token = tokens.make(_USE, controller.pk, written, int(now.timestamp()), *wanted)
    language = first_language(controller)
    said = _MAIL.get(language, _MAIL["en"])
    send_unstored(
        to=written,
        subject=said[0].format(name=controller.name),
        text=said[1].format(name=controller.name, link=link.format(token=token)),
        sender=controller.name,
        expires=now + LIVES,
    )


def _mailbox(address: str) -> str:
    """Where the mail ends up: `name+tag@host` is `name@host`, whichever controller is asked."""
    name, _, host = address.rpartition("@")
    return f"{name.partition('+')[0]}@{host}"


def read(token: str) -> Asked | None:
    """What a link confirms; None for one that is not ours or too old."""
    match tokens.read(_USE, token):
        case [int(number), str(address), int(moment), *topics]:
            at = datetime.fromtimestamp(moment, tz=clock.now().tzinfo)
            controller = Controller.objects.filter(pk=number).first()
            if controller is None or clock.now() > at + LIVES or offered(controller) is None:
                return None
            return Asked(controller, address, tuple(str(one) for one in topics), at)
    return None


def shown_words(controller: Controller) -> str:
    """What the button says yes to."""
    activity = offered(controller)
    declared = current(controller_id=controller.pk, on=clock.today())
    return script(declared, activity, CHANNEL, first_language(controller)) if activity else ""


def confirm(*, asked: Asked) -> int:
    """The person behind the address has said yes; who that is. Again: nothing more, and after a no since it was asked
    for, nothing at all. Raises `ConsentRefusedError`: `not-offered`, `used`.
    """
    controller, at, language = asked.controller, clock.now(), first_language(asked.controller)
    activity = offered(controller)
    if activity is None:
        raise ConsentRefusedError("not-offered", "there is no newsletter")
    declared = current(controller_id=controller.pk, on=clock.today())
    acting = system("signup", {controller.pk})
    words = script(declared, activity, CHANNEL, language)
    nonce: dict[str, Any] = {
        "kind": _USE,
        "controller_id": controller.pk,
        "key": f"{asked.address}:{asked.at.isoformat()}",
    }
    with Scope(acting, UNDER) as scope:
        known = lookup.by_address(register_id=controller.register_id, text=asked.address)
        subject = known or _subscribed(controller, asked.address)
        if subject is not None and (since := _said_since(controller, subject, asked.at)):
            if since == EventKind.GIVEN:
                return subject
            raise ConsentRefusedError("used", "the link is good for one yes")
        if not once.first(**nonce, at=at):
            raise ConsentRefusedError("used", "the link is good for one yes")
        if subject is None:
            subject = create_subject(scope=scope, register_id=controller.register_id)
        here: dict[str, Any] = {"scope": scope, "subject_id": subject, "controller_id": controller.pk}
        relate(**here, kind=RELATION, started=clock.today())
        record_fact(
            **here,
            category="marketing_contact",
            kind="marketing.email",
            value=asked.address,
            source="data_subject",
            at=at,
        )
        record(
            **here,
            activity=ACTIVITY,
            kind=EventKind.GIVEN,
            route="double_opt_in",
            wording=shown(controller_id=controller.pk, text=words, language=language, at=at),
            at=at,
            channel=CHANNEL,
            evidence=f"asked {asked.at.isoformat(timespec='seconds')}, confirmed from the address",
        )
        once.finished(**nonce)
    under = activity_for(declared)
    if asked.topics and under is not None:
        with Scope(acting, under) as scope:
            for topic in asked.topics:
                record_fact(
                    scope=scope,
                    subject_id=subject,
                    controller_id=controller.pk,
                    category="interest",
                    kind=_kind(topic),
                    value=topic,
                    source="data_subject",
                    at=at,
                )
    receipts.tell(
        controller=controller,
        subject_id=subject,
        activity=ACTIVITY,
        channel=CHANNEL,
        on=True,
        key=f"signup:{asked.at:%Y%m%d%H%M%S}",
    )
    return subject


def _said_since(controller: Controller, subject_id: int, asked: datetime) -> str:
    """What the person said last of the newsletter since the link was asked for; '' where nothing."""
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    with Scope(system("signup", everyone), "consent_proof"):
        rows = ConsentEvent.objects.filter(
            subject_id__in=same_person(subject_id),
            controller_id__in=everyone,
            activity=ACTIVITY,
            channel__in=["", CHANNEL],
            at__gte=asked,
        )
        return rows.order_by("-at", "-id").values_list("kind", flat=True).first() or ""


def _subscribed(controller: Controller, address: str) -> int | None:
    """Who subscribes with the address already."""
    from tillit.parties.models import Fact  # noqa: PLC0415 (within the open scope)

    rows = Fact.objects.filter(
        controller_id=controller.pk, kind="marketing.email", value=address, superseded_at__isnull=True
    )
    return rows.values_list("subject_id", flat=True).first()


_MAIL = {
    "nb": (
        "Bekreft at du vil ha nyhetsbrev fra {name}",
        "Noen, trolig du, har bedt om nyhetsbrev fra {name} til denne adressen.\n\nBekreft her: {link}\n\n"
        "Lenken gjelder i tre dager. Gjør du ingenting, er ingenting lagret, og du hører ikke mer fra oss.\n",
    ),
    "en": (
        "Confirm that you want the newsletter of {name}",
        "Somebody, probably you, has asked for the newsletter of {name} to this address.\n\nConfirm here: {link}\n\n"
        "The link is good for three days. If you do nothing, nothing is stored and you hear no more from us.\n",
    ),
}
