"""Sending a mail that must not be stored (a one-time code), without the sender's caller waiting for it.

Waiting would tell an onlooker whether an address is known: the answer would take longer when a mail goes out. The mail
lives in this process only; should it die first, the person asks for another code.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr
from functools import partial

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from tillit.disclosure.outward import opened

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
_waiting: set[Future[None]] = set()
log = structlog.get_logger(__name__)


def send_unstored(
    *, to: str, subject: str, text: str, sender: str, expires: datetime | None = None, html: str = ""
) -> None:
    """Send a mail (plain, or with an HTML part beside its text) to `to`, in the name of `sender` from the
    installation's address, in the background.

    expires: when what it says is worth nothing any more.
    """
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    user, _, domain = address.rpartition("@")
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=text,
        from_email=str(Address(display_name=" ".join(sender.split()) or name, username=user, domain=domain)),
        to=[to],
        headers={"Auto-Submitted": "auto-generated", **({"Expires": format_datetime(expires)} if expires else {})},
    )
    if html:
        message.attach_alternative(html, "text/html")
    in_background(partial(_send, message))


def hand_over(message: EmailMessage) -> None:
    """Give a mail to the mail server while the caller waits. What goes wrong is raised; its words may name anybody."""
    with opened("email"):
        message.send()


def in_background(work: Callable[[], None]) -> None:
    """Do `work` beside the caller, at the caller's time (`kernel.clock`), who does not wait for it; `wait` does."""
    task = _pool.submit(copy_context().run, work)
    _waiting.add(task)
    task.add_done_callback(_waiting.discard)


def wait() -> None:
    """Return when everything handed over so far has been sent or has failed."""
    for task in list(_waiting):
        task.result()


def _send(message: EmailMultiAlternatives) -> None:
    try:
        with opened("email"):
            message.send()
    except Exception:  # a mail server may fail in any way; the log keeps the error's type and place, not its words
        log.exception("mail not sent")
