"""Members sign in with a password, where the controller's declaration has them (B6, H18).

An address and a password are answered the same, with the same work, whoever is or is not known. So many wrong tries
lock the password for a while, with that same answer; the one-time code still works, so nobody is kept out. A password
is chosen by somebody who has just signed in, so one that is forgotten is replaced after a code.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from tillit.audit.events import FACTOR_ADDED, FACTOR_REMOVED, LOGIN_FAILED
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import SignInWay
from tillit.journeys.sign_in import TRIES_PER_NETWORK, admitted, from_network, record, record_nobody
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.messages.mail import send_unstored
from tillit.parties import lookup, passwords
from tillit.parties.errors import FactorError
from tillit.parties.models import Login, RememberedDevice
from tillit.parties.queries import facts
from tillit.parties.rates import Limit, give_back, truncated, within

# Wrong tries at one address: from one network, and from all together.
WRONG_PER_NETWORK = Limit("password_pair", 10, timedelta(minutes=15))
WRONG = Limit("password_address", 50, timedelta(hours=1))


@dataclass(frozen=True)
class Notice:
    """What a person is told when their password was chosen or removed: a mail's subject, text and sender."""

    subject: str
    text: str
    sender: str


def declared_way(declared: Declaration, key: str) -> SignInWay | None:
    """The way of signing in as the declaration has it; None where it does not."""
    return next((way for way in declared.sign_in_ways if way.key == key), None)


def sign_in_by_password(*, controller: Controller, typed: str, password: str, network_address: str) -> Login | None:
    """The login whose address and password they are; None for all others, and while the password is locked.

    Every try is counted before it is verified, so that many at once are no more than the limit; one that lets somebody
    in is given back. Whatever is refused, whoever it is about, makes the same statements.

    Raises `TooManyTriesError` for the network.
    """
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    key = lookup.address_key(typed)
    address = f"{controller.register_id}:{key[1] if key else typed.strip().lower()}"
    pair = f"{address}:{truncated(network_address)}"
    counted = [within(WRONG_PER_NETWORK, pair), within(WRONG, address)]
    locked = not all(counted)
    subject = lookup.by_address(register_id=controller.register_id, text=typed)
    login = Login.objects.filter(register_id=controller.register_id, subject_id=subject or 0).first()
    right = passwords.is_right(login_id=login.pk if login else None, password=password)
    if right and not locked and login is not None:
        give_back(WRONG_PER_NETWORK, pair)
        give_back(WRONG, address)
        passwords.used(login_id=login.pk)
        return admitted(controller, login, "password")
    reason = "locked" if locked else "wrong"
    if login is None:
        record_nobody(controller, LOGIN_FAILED, method="password", reason=reason)
    else:
        record(controller, login, LOGIN_FAILED, method="password", reason=reason)
    return None


@transaction.atomic
def choose_password(*, controller: Controller, login: Login, scope: Scope, password: str, notice: Notice) -> None:
    """Keep a new password for a member who has just signed in, on record; no other browser stays remembered.

    Raises `PasswordRefusedError` with the rules that it breaks, `FactorError` where passwords are not declared.
    """
    way = declared_way(current(controller_id=controller.pk, on=clock.today()), "password")
    if way is None or login.subject_id is None:
        raise FactorError("no-passwords", "this controller's declaration has no passwords")
    with scope:
        known = facts(subject_id=login.subject_id)
    about = [*known.values(), controller.name, controller.key]
    passwords.keep(login=login, password=password, at_least=way.at_least, known=about)
    RememberedDevice.objects.filter(login=login).delete()
    record(controller, login, FACTOR_ADDED, kind="password")
    _tell(known, notice)


@transaction.atomic
def remove_password(*, controller: Controller, login: Login, scope: Scope, notice: Notice) -> bool:
    """Forget a member's password, on record; whether there was one. the one-time code stays."""
    gone = passwords.forget(login_id=login.pk)
    if gone and login.subject_id is not None:
        record(controller, login, FACTOR_REMOVED, kind="password")
        with scope:
            _tell(facts(subject_id=login.subject_id), notice)
    return gone


def _tell(known: dict[str, str], notice: Notice) -> None:
    if "email" in known:
        send_unstored(to=known["email"], subject=notice.subject, text=notice.text, sender=notice.sender)
