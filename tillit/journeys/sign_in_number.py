"""Member number and birth date: a first factor, never more (B4). A one-time code or a passkey follows.

Both stand on letters and cards, and a birth date is soon guessed, so they open nothing. They lead to the address on
record, which alone gets the code: the page says the same whether they belong together or not.
"""

import hmac
from datetime import timedelta
from uuid import UUID

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys.sign_in import PER_NETWORK, Mail, from_network, issue_code, mail_allowed, recipient
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_person
from tillit.parties.models import Fact
from tillit.parties.rates import Limit, within

PER_NUMBER = Limit("sign_in_number", 10, timedelta(days=1))


def request_code_by_number(
    *, controller: Controller, number: str, birth_date: str, network_address: str, mail: Mail
) -> UUID:
    """Send a code to the member whose number and birth date (ISO 8601) they are; the code's id either way.

    Raises `TooManyTriesError` for the network alone.
    """
    register = controller.register_id
    from_network(PER_NETWORK, str(register), network_address)
    subject = by_member_number(register_id=register, number=number)
    spelt = plain(number)
    allowed = within(PER_NUMBER, f"{register}:{spelt}") & mail_allowed(
        str(register), f"number {spelt}", network_address
    )
    holder = holder_of(controller_id=controller.pk)
    with Scope(system("sign_in", {controller.pk, holder}), "sign_in", frozenset({subject or 0})):
        born = Fact.objects.filter(
            subject_id__in=same_person(subject or 0), kind="birth_date", superseded_at__isnull=True
        ).values_list("value", flat=True)
        right = any([hmac.compare_digest(one.encode(), birth_date.encode()) for one in born])  # noqa: C419 (all are compared)
    found = recipient(controller, subject, texts=bool(mail.sms))
    return issue_code(controller=controller, found=found if allowed and right else None, mail=mail)


def by_member_number(*, register_id: int, number: str) -> int | None:
    """The person of the register with that member number, by its digest."""
    known = digest(register_id, Kind.MEMBER_NUMBER, plain(number))
    return directories.resolve(register_id=register_id, kind=Kind.MEMBER_NUMBER, digest=known)


def plain(number: str) -> str:
    """A member number as it is compared: capitals, without blanks."""
    return "".join(number.split()).upper()
