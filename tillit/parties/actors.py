"""Who may act: actors made from roles and relationships (A9). Roles come from the vocabulary, never from code."""

from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.scope import Actor
from tillit.parties.errors import NotStaffError
from tillit.parties.models import StaffMember


def staff_actor(*, staff: StaffMember, controller: Controller | None = None) -> Actor:
    """The actor for a member of staff, for all their controllers or for one.

    Raises `NotStaffError` when the person has left, has no role there, or has no duty of confidentiality on record.
    """
    roles = [
        r for r in staff.roles.filter(ended__isnull=True) if controller is None or r.controller_id == controller.id
    ]
    if staff.left is not None or not roles:
        raise NotStaffError("not-staff", "no active role here")
    if staff.confidentiality_signed is None:
        raise NotStaffError("no-confidentiality", "the duty of confidentiality is not on record")
    words = vocabulary().roles
    may = frozenset(activity for role in roles for activity in words[role.role].may)
    return Actor("staff", str(staff.pk), frozenset(r.controller_id for r in roles), may)


def member_actor(*, register_id: int, subject_id: int, login_id: int) -> Actor:
    """The actor for a signed-in member: own rows only, over every controller of the register."""
    controllers = frozenset(Controller.objects.filter(register_id=register_id).values_list("id", flat=True))
    activities = frozenset({"self_service", "sign_in", "consent_management", "rights_requests", "bonus_use"})
    return Actor("member", str(login_id), controllers, activities, frozenset({subject_id}))
