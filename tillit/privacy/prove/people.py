"""Who works with the data, and who may be in it: confidentiality, assignment, ages (A9, C1, D12)."""

from collections.abc import Iterator

from django.db import connection

from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.parties import factors
from tillit.parties.actors import person_scope, staff_actor
from tillit.parties.errors import NotAssignedError, NotStaffError
from tillit.parties.models import Session, StaffRole
from tillit.parties.sessions import TWO_FACTORS
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts

JOINING = ("member", "customer", "subscriber")


def _staff(context: Context, said: Said) -> Finding:
    """Every active role has a duty of confidentiality on record and opens no more than its word and reach say."""
    roles = StaffRole.objects.filter(controller_id=context.id, ended__isnull=True).select_related("staff")
    faults, words, tried = [], vocabulary().roles, 0
    for role in roles:
        who = f"staff {role.staff_id} as {role.role}"
        if role.role not in words:
            faults.append(f"{who}: no such role")
            continue
        if role.staff.left is not None:
            faults.append(f"{who}: has left and keeps the role")
        signed = role.staff.confidentiality_signed
        if signed is None:
            faults.append(f"{who}: no duty of confidentiality on record")
        elif signed > clock.today():
            faults.append(f"{who}: a duty of confidentiality that is signed in the future")
        for fault in _reach(context, role, who):
            faults += [fault] if fault else []
            tried += 1
    return judged(faults, roles=len(roles), look_ups_tried=tried)


def _reach(context: Context, role: StaffRole, who: str) -> Iterator[str]:
    """What the actor made of the role can really do; '' for each attempt that was refused as it must be."""
    try:
        actor = staff_actor(staff=role.staff, controller=context.controller)
    except NotStaffError:
        return
    held = StaffRole.objects.filter(staff=role.staff, controller_id=context.id, ended__isnull=True)
    may = frozenset(activity for one in held for activity in vocabulary().roles[one.role].may)
    if actor.activities != may or actor.controllers != {context.id}:
        yield f"{who}: may do more than the role says"
    access = context.declaration.staff_access
    limited = (access is not None and access.reach == "assigned") or all(one.assigned_only for one in held)
    if not limited or not may:
        return
    for subject in _unassigned(context, role.staff_id):
        try:
            person_scope(actor=actor, activity=min(may), subject_id=subject)
        except NotAssignedError:
            yield ""
        else:
            yield f"{who}: sees people who are not assigned"


def _unassigned(context: Context, staff_id: int) -> list[int]:
    """Some people of the controller who are not assigned to the member of staff."""
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "people", "unassigned"), {"controller": context.id, "staff": staff_id})
        return [row[0] for row in cursor.fetchall()]


def _ages(declaration: Declaration) -> Iterator[Said]:
    age = str(declaration.children.minimum_age)
    yield Said("children.minimum_age", texts(declaration, "minimum_age", age=age))


def _check_ages(context: Context, said: Said) -> Finding:
    """Nobody whose birth date is known joined before the declared age."""
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "people", "ages"),
            {
                "controller": context.id,
                "holders": sorted({context.id, context.holder_id}),
                "kinds": list(JOINING),
                "age": f"{context.declaration.children.minimum_age} years",
            },
        )
        known, young = cursor.fetchone()
    faults = [f"{young} people joined before they were {context.declaration.children.minimum_age}"] if young else []
    return judged(faults, birth_dates_known=known)


def _factors(context: Context, said: Said) -> Finding:
    """Every open session of somebody with a role here was begun with two factors."""
    roles = StaffRole.objects.filter(controller_id=context.id, ended__isnull=True)
    logins = set(roles.values_list("staff__login_id", flat=True))
    sessions = Session.objects.filter(login_id__in=logins, expire_date__gt=clock.now())
    weak = sessions.exclude(method__in=TWO_FACTORS)
    faults = [f"{weak.count()} open sessions of staff were begun with one factor"] if weak.exists() else []
    shown = sum(factors.of(login_id=login).enrolled for login in logins)
    return judged(faults, sessions=sessions.count(), staff=len(logins), with_second_factor=shown)


def _merges(context: Context, said: Said) -> Finding:
    """A merged registration points at one of the same register that is merged into nobody, and is on record."""
    register = {"register": context.controller.register_id}
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "people", "merges"), register)
        merged, across, chained = cursor.fetchone()
        cursor.execute(load(__file__, "people", "merges_unexplained"), register)
        (silent,) = cursor.fetchone()
    faults = [f"{across} people are merged across registers"] if across else []
    faults += [f"{chained} people are merged into one who is merged"] if chained else []
    faults += [f"{silent} merged people of whose merging nothing is on record"] if silent else []
    return judged(faults, merged=merged)


MERGES = Kind("merges", once("merges", "controller.register"), _merges)
STAFF = Kind("staff", once("staff", "staff_access"), _staff)
FACTORS = Kind("second_factor", once("second_factor", "security"), _factors)
AGES = Kind("minimum_age", _ages, _check_ages)
