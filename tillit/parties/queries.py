"""Looking people up, within an open scope."""

from collections.abc import Collection

from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Relationship, StaffMember, StaffRole


def facts(*, subject_id: int) -> dict[str, str]:
    """kind → current value of every fact the scope may see."""
    known: dict[str, str] = {}
    for one in reversed(same_person(subject_id)):  # what the person is known by goes before what was merged into it
        rows = Fact.objects.filter(subject_id=one, superseded_at__isnull=True)
        known |= rows.order_by("controller_id").values_list("kind", "value")
    return known


def related_controllers(*, subject_id: int) -> frozenset[int]:
    """Controllers the person has, or has had, a relationship with, as far as the scope sees."""
    ties = Relationship.objects.filter(subject_id__in=same_person(subject_id))
    return frozenset(ties.values_list("controller_id", flat=True))


def holding(*, controller_id: int, roles: Collection[str]) -> set[int]:
    """The staff who hold one of the roles at the controller now."""
    rows = StaffRole.objects.filter(controller_id=controller_id, role__in=list(roles), ended__isnull=True)
    return set(rows.filter(staff__left__isnull=True).values_list("staff_id", flat=True))


def active_roles(*, staff: StaffMember) -> list[StaffRole]:
    """The roles a member of staff holds now."""
    return list(staff.roles.filter(ended__isnull=True).select_related("controller"))
