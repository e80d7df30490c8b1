"""Staff accounts: taken on with a role and the duty of confidentiality on record, and ended (A9)."""

from datetime import date

from django.db import transaction

from tillit.audit.events import CONFIDENTIALITY_SIGNED, ROLE_GRANTED, ROLE_REVOKED
from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.parties.errors import NotStaffError
from tillit.parties.journal_models import JournalKind
from tillit.parties.models import Assignment, Login, Session, StaffMember, StaffRole

_ACTIVITY = "security_log"


@transaction.atomic
def add(
    *, email: str, name: str, controller: Controller, role: str, confidentiality: date, assigned_only: bool = False
) -> StaffMember:
    """Give a person a role at a controller, with an account if they have none. Again: nothing more.

    Raises `IdentifierError` for the address or name, `NotStaffError` for a role the vocabulary lacks, or a duty of
    confidentiality that is yet to be signed.
    """
    if role not in vocabulary().roles:
        raise NotStaffError("no-such-role", f"no role '{role}': " + ", ".join(vocabulary().roles))
    if confidentiality > clock.today():
        raise NotStaffError("not-signed", f"the duty of confidentiality is not signed before {confidentiality}")
    address, now = emails.normalise(email), clock.now()
    staff = StaffMember.objects.filter(email__iexact=address).first()
    if staff is None:
        login = Login.objects.create(created_at=now, password="")
        staff = StaffMember.objects.create(login=login, email=address, name=names.normalise(name))
    signed = staff.confidentiality_signed != confidentiality
    staff.confidentiality_signed, staff.left, staff.name = confidentiality, None, names.normalise(name)
    staff.save(update_fields=["confidentiality_signed", "left", "name"])
    Login.objects.filter(pk=staff.login_id).update(is_active=True)
    if signed:
        _note(CONFIDENTIALITY_SIGNED, controller, {"staff": staff.pk, "on": confidentiality})
    _, made = StaffRole.objects.get_or_create(
        staff=staff,
        controller=controller,
        role=role,
        ended=None,
        defaults={"granted": clock.today(), "assigned_only": assigned_only},
    )
    if made:
        _note(ROLE_GRANTED, controller, {"staff": staff.pk, "role": role})
    return staff


@transaction.atomic
def end(*, staff: StaffMember) -> int:
    """The person leaves: every role ends, every session too. Returns how many roles ended."""
    today = clock.today()
    roles = list(staff.roles.filter(ended__isnull=True).select_related("controller"))
    for role in roles:
        StaffRole.objects.filter(pk=role.pk).update(ended=today)
        _note(ROLE_REVOKED, role.controller, {"staff": staff.pk, "role": role.role})
    for controller in {role.controller_id for role in roles}:
        _release(staff, controller)
    StaffMember.objects.filter(pk=staff.pk).update(left=today)
    Login.objects.filter(pk=staff.login_id).update(is_active=False)
    Session.objects.filter(login_id=staff.login_id).delete()
    journal.note(scope=None, kind=JournalKind.STAFF_LEFT, at=clock.now(), staff=staff.pk)
    return len(roles)


def _release(staff: StaffMember, controller_id: int) -> None:
    """Nobody is assigned to them any more: whoever comes back is assigned people anew."""
    declared = current(controller_id=controller_id, on=clock.today())
    for activity in ("membership_administration", "customer_administration"):
        if declared.activity(activity) is not None:
            with Scope(system("staff", [controller_id]), activity):
                standing = Assignment.objects.filter(controller_id=controller_id, staff=staff, until__isnull=True)
                standing.update(until=clock.today())
            return


def _note(kind: EventType, controller: Controller, details: dict[str, object]) -> None:
    append(
        type=kind, actor=system("staff", [controller.pk]), activity=_ACTIVITY, controller=controller.pk, details=details
    )
