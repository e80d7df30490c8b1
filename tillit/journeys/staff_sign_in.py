"""Staff sign in with two factors (A9, H18): the code by e-mail and an authenticator app or passkey, or a passkey.

A passkey is asked for with user verification, so it is two factors in one. Who has no second factor yet sets one up
before the first session begins. What was lost is reset by another member of staff, on record.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from tillit.audit.events import (
    FACTOR_ADDED,
    FACTOR_REMOVED,
    FACTORS_RESET,
    LOGIN_FAILED,
    LOGIN_SUCCEEDED,
)
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.journeys.sign_in import (
    PER_NETWORK,
    TRIES_PER_NETWORK,
    Mail,
    Recipient,
    TooManyTriesError,
    from_network,
    mail_allowed,
    send_code,
)
from tillit.kernel.scope import Actor
from tillit.parties import codes, factors, passkeys
from tillit.parties.errors import FactorError
from tillit.parties.models import RememberedDevice, Session, StaffMember, StaffRole
from tillit.parties.queries import active_roles

MAY_RESET = frozenset({"administrator", "it_operations", "privacy_adviser"})
"""Roles that may reset a colleague's factors. Never one's own."""


def request_staff_code(*, typed: str, network_address: str, mail: Mail) -> UUID:
    """Send a code to the member of staff with that work address and a role. Each statement runs for nobody, too."""
    from_network(PER_NETWORK, "staff", network_address)
    allowed = mail_allowed("staff", typed, network_address)
    staff = StaffMember.objects.filter(email__iexact=typed.strip(), left__isnull=True).select_related("login").first()
    has_role = StaffRole.objects.filter(staff_id=staff.pk if staff else 0, ended__isnull=True).exists()
    found = None
    if staff is not None and allowed and staff.login.is_active and has_role:
        found = Recipient(staff.email, login_id=staff.login_id)
    issued = codes.issue(purpose="staff", login_id=found.login_id if found else None)
    send_code(found, mail, issued.code)
    return issued.id


def confirm_staff_code(*, code_id: UUID, typed: str, network_address: str) -> StaffMember | None:
    """The member of staff whose code it is, who then shows a second factor; None when it is not right."""
    from_network(TRIES_PER_NETWORK, "staff", network_address)
    row = codes.redeem(code_id=code_id, code=codes.digits(typed), purpose="staff")
    if row is None or row.login_id is None:
        return None
    return working(login_id=row.login_id)


def working(*, login_id: int) -> StaffMember | None:
    """The member of staff of a login, as long as they work here."""
    found = StaffMember.objects.filter(login_id=login_id, left__isnull=True, login__is_active=True)
    return found.select_related("login").first()


def show_factor(*, staff: StaffMember, typed: str) -> str | None:
    """`totp` or `recovery_code` when `typed` is right; None, on record, when not. Raises `TooManyTriesError`."""
    if not factors.may_try(login_id=staff.login_id):
        raise TooManyTriesError("too-many-tries", "too many wrong codes; wait a quarter of an hour")
    method = factors.check(login_id=staff.login_id, typed=typed)
    if method is None:
        _record(staff, LOGIN_FAILED, method="second_factor", reason="wrong")
    return method


def show_passkey(
    *, place: passkeys.Place, state: Any, answer: Mapping[str, Any], network_address: str
) -> StaffMember | None:
    """The member of staff whose passkey answered rightly; None for anybody else's, or none."""
    from_network(TRIES_PER_NETWORK, "staff", network_address)
    found = passkeys.finish_asking(place=place, state=state, answer=answer)
    return working(login_id=found.login_id) if found is not None else None


def admitted(*, staff: StaffMember, method: str) -> None:
    """Put on record that a session begins, and how it was come by."""
    _record(staff, LOGIN_SUCCEEDED, method=method)


def set_up_app(*, staff: StaffMember, typed: str) -> bool:
    """Whether `typed` shows that the authenticator app is set up; it is a factor from then on."""
    if not factors.may_try(login_id=staff.login_id):
        raise TooManyTriesError("too-many-tries", "too many wrong codes; wait a quarter of an hour")
    with transaction.atomic():
        if not factors.confirm_time_code(login_id=staff.login_id, typed=typed):
            return False
        _record(staff, FACTOR_ADDED, kind="totp")
    return True


@transaction.atomic
def add_passkey(
    *, staff: StaffMember, place: passkeys.Place, state: Any, answer: Mapping[str, Any], device: str
) -> None:
    """A new passkey for the member of staff; raises `FactorError`."""
    passkeys.finish_adding(login=staff.login, place=place, state=state, answer=answer, device=device)
    _record(staff, FACTOR_ADDED, kind="passkey")


@transaction.atomic
def remove_factor(*, staff: StaffMember, kind: str, passkey: str = "") -> bool:
    """Forget the app (`totp`) or a passkey; whether there was one. Raises `FactorError` for the last factor."""
    gone = (
        factors.remove_time_code(login_id=staff.login_id)
        if kind == "totp"
        else passkeys.remove(login_id=staff.login_id, passkey=passkey)
    )
    if gone and not factors.of(login_id=staff.login_id).enrolled:
        raise FactorError("last-factor", "add another way first: staff need a second factor")
    if gone:
        _record(staff, FACTOR_REMOVED, kind=kind)
    return gone


@transaction.atomic
def reset_factors(*, staff: StaffMember, by: StaffMember, controller_id: int) -> list[str]:
    """Forget every factor and session of a colleague, who sets them up anew at the next sign-in. Returns the kinds.

    `by` is another person, at work, with a role of `MAY_RESET` at a controller where the colleague works. Raises
    `FactorError`.
    """
    if by.pk == staff.pk:
        raise FactorError("own-factors", "nobody resets their own factors: ask a colleague")
    may = (
        {role.controller_id for role in active_roles(staff=by) if role.role in MAY_RESET} if by.left is None else set()
    )
    if controller_id not in may or controller_id not in {role.controller_id for role in active_roles(staff=staff)}:
        raise FactorError("may-not-reset", "only " + ", ".join(sorted(MAY_RESET)) + " where the colleague works may")
    kinds = factors.remove_all(login_id=staff.login_id)
    Session.objects.filter(login_id=staff.login_id).delete()
    RememberedDevice.objects.filter(login_id=staff.login_id).delete()
    for controller in sorted({role.controller_id for role in active_roles(staff=staff)}):
        append(
            type=FACTORS_RESET,
            actor=Actor("staff", str(by.pk), frozenset({controller})),
            activity="security_log",
            controller=controller,
            details={"staff": staff.pk, "by": by.pk, "kinds": kinds},
        )
    return kinds


@transaction.atomic
def _record(staff: StaffMember, event: EventType, **details: str) -> None:
    """One event at each controller the member of staff works for."""
    controllers = frozenset(role.controller_id for role in active_roles(staff=staff))
    actor = Actor("staff", str(staff.pk), controllers)
    for controller in sorted(controllers):
        append(
            type=event,
            actor=actor,
            activity="security_log",
            controller=controller,
            details={"login": staff.login_id, **details},
        )
