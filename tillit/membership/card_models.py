"""Membership cards on phones and in browsers, and which codes were shown a moment ago (B2)."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel


class Card(PersonalModel):
    """A card that was issued to a phone (`device`) or to the pages of a browser, until when, and whether taken back.

    `nonce` makes the card's key together with a secret outside the database; alone it makes nothing.
    """

    nonce = models.UUIDField(default=uuid4)
    device = models.BooleanField()
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "membership_card"
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=models.F("issued_at")), name="membership_card_order")
        ]


class ShownCode(models.Model):
    """A code that was answered for, while it could be shown again: keyed digests of the code, and of it with who asked.

    Neither digest leads to a card, a person or a supplier. Rows go with the first verification after their time.
    """

    digest = models.UUIDField(primary_key=True)
    by = models.UUIDField()
    until = models.DateTimeField()

    class Meta:
        db_table = "membership_shown_code"
        indexes = [models.Index(fields=["until"], name="membership_shown_until")]
