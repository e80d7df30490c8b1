"""Looking people up, within an open scope."""

from tillit.parties.models import Fact, Relationship, StaffMember, StaffRole


def facts(*, subject_id: int) -> dict[str, str]:
    """kind → current value of every fact the scope may see."""
    rows = Fact.objects.filter(subject_id=subject_id, superseded_at__isnull=True)
    return dict(rows.order_by("controller_id").values_list("kind", "value"))


def related_controllers(*, subject_id: int) -> frozenset[int]:
    """Controllers the person has, or has had, a relationship with, as far as the scope sees."""
    return frozenset(Relationship.objects.filter(subject_id=subject_id).values_list("controller_id", flat=True))


def active_roles(*, staff: StaffMember) -> list[StaffRole]:
    """The roles a member of staff holds now."""
    return list(staff.roles.filter(ended__isnull=True).select_related("controller"))
