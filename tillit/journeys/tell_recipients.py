"""Everyone who received data that is rectified, erased or restricted is told (GDPR 19; H2, H3, H4).

`tell_recipients` notes in the transaction of the change who must be told; `send_notices` (the worker) mails those whose
address the declaration names, quoting the reference the recipient got with the data: the mail names nobody. The others
are a list for staff (`tillit disclosures owed`), who say how they were told.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import structlog
from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.disclosure import notices
from tillit.disclosure.models import Disclosure, Notice, What
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.envelopes import Envelope
from tillit.messages.templates import Sender, render
from tillit.messages.transports import TRANSPORTS, carrier

ACTIVITY = "rights_requests"
_IDS = UUID("0d6f7f0f-3c55-4f0e-8d6a-9a4f6b7c2e11")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Owed:
    """A recipient that must be told. name: as declared; by_itself: whether the system mails it."""

    recipient: str
    name: str
    by_itself: bool


def tell_recipients(
    *,
    subject_id: int,
    register_id: int,
    what: What,
    at: datetime,
    categories: Collection[str] | None = None,
    case_id: int | None = None,
    actor: Actor | None = None,
) -> list[Owed]:
    """Note who must be told of a change in `categories` (None: all), once each; the recipients, by name.

    Inside the caller's transaction, and before an erasure. `actor` may perform `rights_requests` in the register.
    """
    everyone = Controller.objects.filter(register_id=register_id).values_list("id", flat=True)
    acting = actor or system("recipients", everyone)
    with Scope(acting, ACTIVITY, frozenset({subject_id})) as scope:
        owed = notices.owe(scope=scope, subject_id=subject_id, what=what, at=at, categories=categories, case_id=case_id)
        rows = {row.id: row for row in Disclosure.objects.filter(subject_id=subject_id)}
    found = {}
    for one in owed:
        row = rows[one.disclosure_id]
        declared = current(controller_id=row.controller_id, on=clock.today())
        name, address = _known(declared, row)
        found[row.recipient, row.party] = Owed(row.recipient, name, by_itself=bool(address))
    return list(found.values())


def _known(declared: Declaration, row: Disclosure) -> tuple[str, str]:
    """(name, where to mail or ''): the declared address is the recipient's own, not one party's of a kind."""
    said = next((r for r in declared.recipients if r.key == row.recipient), None)
    name = said.name if said else row.recipient
    if row.party:
        return f"{name} ({row.party})", ""
    return name, (said.notices_to or "") if said else ""


def name_of(row: Disclosure) -> str:
    """The recipient of a disclosure by its declared name, with the party where that is a kind."""
    return _known(current(controller_id=row.controller_id, on=clock.today()), row)[0]


def send_notices() -> int:
    """Mail every notice that can be mailed; how many. A failure leaves it owed, and the next run tries again."""
    sent = 0
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"):
        declared = current(controller_id=controller.pk, on=clock.today())
        if not any(recipient.notices_to for recipient in declared.recipients):
            continue
        with Scope(system("recipients", {controller.pk}), ACTIVITY):
            waiting = list(
                Notice.objects.filter(controller_id=controller.pk, told_at__isnull=True).values_list("subject_id", "id")
            )
        for subject, notice in waiting:
            sent += _send(controller.pk, declared, subject, notice)
    return sent


def _send(controller_id: int, declared: Declaration, subject_id: int, notice_id: int) -> bool:
    with Scope(system("recipients", {controller_id}), ACTIVITY, frozenset({subject_id})) as scope:
        with connection.cursor() as cursor:  # one worker a notice
            cursor.execute(
                "SELECT 1 FROM disclosure_notice WHERE subject_id = %s AND id = %s AND told_at IS NULL"
                " FOR UPDATE SKIP LOCKED",
                [subject_id, notice_id],
            )
            if cursor.fetchone() is None:
                return False
        notice = Notice.objects.get(subject_id=subject_id, id=notice_id)
        row = Disclosure.objects.get(subject_id=subject_id, id=notice.disclosure_id)
        _, address = _known(declared, row)
        if not address:
            return False
        try:
            carrier(declared, "email")
            TRANSPORTS["email"].send(_envelope(declared, notice, row, address))
        except TillitError as error:
            log.warning("recipient not told", recipient=row.recipient, code=error.code)
            return False
        notices.told(scope=scope, subject_id=subject_id, notice_ids=[notice_id], how="email", at=clock.now())
    return True


def _envelope(declared: Declaration, notice: Notice, row: Disclosure, address: str) -> Envelope:
    said, language = declared.controller, declared.controller.languages[0]
    words = Words(declared, language)
    sender = Sender(said.name, said.email, said.phone, said.web)
    values = {
        "reference": str(row.reference),
        "on": words.date(clock.local_date(row.disclosed_at, said.time_zone)),
        "categories": words.listing(words.words("categories", tuple(notice.categories))),
    }
    rendered = render(f"recipient_{notice.what}", language, values, sender)
    return Envelope(uuid5(_IDS, str(notice.id)), address, sender, rendered, language, {})
