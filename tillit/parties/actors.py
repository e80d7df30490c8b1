"""Who may act: actors made from roles and relationships (A9). Roles come from the vocabulary, never from code."""

from collections.abc import Collection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.errors import NotAssignedError, NotStaffError
from tillit.parties.merging import same_people, same_person
from tillit.parties.models import Assignment, Relationship, StaffMember, StaffRole


def staff_actor(*, staff: StaffMember, controller: Controller | None = None) -> Actor:
    """The actor for a member of staff, for all their controllers or for one.

    Raises `NotStaffError` when the person has left, has no role there, or has no duty of confidentiality on record.
    """
    roles = [
        r for r in staff.roles.filter(ended__isnull=True) if controller is None or r.controller_id == controller.id
    ]
    if staff.left is not None or not roles:
        raise NotStaffError("not-staff", "no active role here")
    if staff.confidentiality_signed is None or staff.confidentiality_signed > clock.today():
        raise NotStaffError("no-confidentiality", "the duty of confidentiality is not on record")
    words = vocabulary().roles
    may = frozenset(activity for role in roles for activity in words[role.role].may)
    return Actor("staff", str(staff.pk), frozenset(r.controller_id for r in roles), may)


def member_actor(*, register_id: int, subject_id: int, login_id: int, people: Collection[int] | None = None) -> Actor:
    """The actor for a signed-in member: own rows only, over every controller of the register. `people`: every subject
    of the person, where the caller knows them already.
    """
    controllers = frozenset(Controller.objects.filter(register_id=register_id).values_list("id", flat=True))
    activities = frozenset({"self_service", "sign_in", "consent_management", "rights_requests", "bonus_use"}) | {
        "membership_card",
        "benefit_delivery",
        "energy_insight",
    }
    return Actor("member", str(login_id), controllers, activities, frozenset(people or same_person(subject_id)))


def person_scope(*, actor: Actor, activity: str, subject_id: int) -> Scope:
    """The scope in which staff look at one person (A9); not yet opened.

    The person must have, or have had, a relationship with a controller the actor acts for: in a joint register a club
    reaches the jointly held rows of its own people only (A1). Where the controller says that staff see only people
    they are assigned to, or the role does, an assignment must stand. Raises `NotAssignedError`, the same for a stranger
    as for nobody.
    """
    reach = within_reach(actor=actor, subject_ids=[subject_id]).get(subject_id)
    if not reach:
        raise NotAssignedError("not-assigned", "you are not assigned to anybody by that")
    return Scope(actor, activity, frozenset({subject_id}), reach)


def within_reach(*, actor: Actor, subject_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Person → the actor's controllers that may look at them, for those whom any may (see `person_scope`)."""
    found: dict[int, set[int]] = {}
    known_by = same_people(subject_ids)
    # The holder's eyes are needed to look: a person's ties to another club are seen here and go no further.
    for controller in sorted(actor.controllers):
        with Scope(system("access", {controller, holder_of(controller_id=controller)}), "security_log"):
            tied = Relationship.objects.filter(subject_id__in=known_by, controller_id=controller)
            people = {known_by[subject] for subject in tied.values_list("subject_id", flat=True)}
            declared = current(controller_id=controller, on=clock.today()).staff_access
            if (declared is not None and declared.reach == "assigned") or _only_assigned(actor, controller):
                people &= _assigned(actor, controller, people)
        for subject in people:
            found.setdefault(subject, set()).add(controller)
    return {subject: frozenset(found[known_by[subject]]) for subject in subject_ids if known_by[subject] in found}


def _only_assigned(actor: Actor, controller_id: int) -> bool:
    """Whether every role of the member of staff there is limited to people assigned to them."""
    if actor.kind != "staff":
        return False
    roles = StaffRole.objects.filter(staff_id=int(actor.ref), controller_id=controller_id, ended__isnull=True)
    return not roles.filter(assigned_only=False).exists()


def _assigned(actor: Actor, controller_id: int, subject_ids: Collection[int]) -> set[int]:
    if actor.kind != "staff":
        return set()
    standing = Assignment.objects.filter(
        subject_id__in=subject_ids, controller_id=controller_id, staff_id=int(actor.ref), until__isnull=True
    )
    return set(standing.values_list("subject_id", flat=True))
