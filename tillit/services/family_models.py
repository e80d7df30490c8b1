"""Family members and children whom a service helps, each a person of their own (D12)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel


class Relation(models.TextChoices):
    """What the person is to the customer."""

    CHILD = "child"
    PARTNER = "partner"
    OTHER = "other"


class ConsentBy(models.TextChoices):
    """Whose yes it rests on: their own, by their own sign-in, or a parent's."""

    SELF = "self"
    PARENT = "parent"


class FamilyEnd(models.TextChoices):
    """Why it ended: the person's no, the customer's, the customer left, or the child is old enough to decide."""

    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    HOLDER_LEFT = "holder_left"
    OF_AGE = "of_age"


class FamilyMember(PersonalModel):
    """That a service helps the person, through a customer: from the consent until it ends. `holder_id`: the customer's
    subject, by number alone: no row of theirs is reached from here.
    """

    holder_id = models.BigIntegerField()
    relation = models.CharField(max_length=8, choices=Relation.choices)
    consent_by = models.CharField(max_length=6, choices=ConsentBy.choices)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=12, choices=FamilyEnd.choices, blank=True, default="")

    class Meta:
        db_table = "services_family_member"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "holder_id"], condition=Q(ends__isnull=True), name="services_family_once"
            ),
            models.CheckConstraint(condition=~Q(subject_id=F("holder_id")), name="services_family_another"),
            models.CheckConstraint(
                condition=Q(consent_by="self") | Q(relation="child"), name="services_family_parent_of_child"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True, end_reason="") | Q(ends__gte=F("starts")) & ~Q(end_reason=""),
                name="services_family_order",
            ),
        ]
        indexes = [models.Index(fields=["holder_id"], name="services_family_holder")]


class FamilyInvitation(PersonalModel):
    """A customer's invitation, which they hand over themselves: what they call the person, and a digest of the link.

    Nothing is sent to anybody: whom data is held of for the family's sake alone is not contacted first (D14).
    """

    name = models.CharField(max_length=60)
    relation = models.CharField(max_length=8, choices=Relation.choices)
    digest = models.UUIDField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        db_table = "services_family_invitation"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "digest"], name="services_invitation_once"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, outcome="") | Q(settled_at__isnull=False) & ~Q(outcome=""),
                name="services_invitation_settled",
            ),
        ]
        indexes = [models.Index(fields=["digest"], name="services_invitation_digest")]
