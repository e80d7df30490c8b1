"""The link that whoever is registered as employed gets at the address that was given for them (H16).

It is sent whether or not the address is known here, in a mail that is stored nowhere, so that nobody at the desk learns
of somebody else's address. What it leads to is opened by the identity number (`journeys.employed`). It holds for the
address that it was sent to.
"""

from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.messages import tokens
from tillit.messages.mail import send_unstored
from tillit.messages.templates import Sender, render

_USE = "employee"


@dataclass(frozen=True)
class Registered:
    """Whom the link is about, where; `mark`: of the address that it was sent to."""

    controller: Controller
    subject_id: int
    mark: str


def address(*, controller: Controller, subject_id: int, to: str) -> str:
    """The link."""
    token = tokens.make(_USE, controller.pk, subject_id, mark(to))
    return f"{settings.SITE_URL}/{controller.key}/employment/{token}/"


def read(token: str) -> Registered | None:
    """Whom a link is about; None for one that is not ours."""
    match tokens.read(_USE, token):
        case [int(number), int(subject), str(said)]:
            controller = Controller.objects.filter(pk=number).first()
            return Registered(controller, subject, said) if controller is not None else None
    return None


def mark(text: str) -> str:
    """By which a link knows its address, which it does not hold."""
    return sha256(text.strip().lower().encode()).hexdigest()[:16]


def send(*, controller: Controller, subject_id: int, to: str) -> None:
    """Send the link. The mail names nobody: the address may have been written wrongly."""
    said = current(controller_id=controller.pk, on=clock.today()).controller
    sender = Sender(said.name, said.email, said.phone, said.web)
    values = {"name": said.name, "link": address(controller=controller, subject_id=subject_id, to=to)}
    made = render("employee_registered", said.languages[0], values, sender)
    send_unstored(to=to, subject=made.subject, text=made.text, html=made.html, sender=said.name)
