"""Membership cards on phones and in browsers, and which codes were shown a moment ago (B2)."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
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
    """A code that was answered for, while it could be shown again: digests of the code, and of it with who asked.

    They are made under the salt of the code's half minute, and lead to nobody once that is destroyed. again: until when
    the same one may ask again. Rows go when the code can be shown no more.
    """

    digest = models.UUIDField(primary_key=True)
    by = models.UUIDField()
    again = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "membership_shown_code"
        indexes = [models.Index(fields=["until"], name="membership_shown_until")]


class ShownSalt(models.Model):
    """What the digests of one half minute's codes are made with, until these can be shown no more."""

    step = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField()
    until = models.DateTimeField()

    class Meta:
        db_table = "membership_shown_salt"


class CardCount(models.Model):
    """How many cards were issued in a month, to phones (`device`) and to pages. Of nobody."""

    pk = models.CompositePrimaryKey("controller_id", "month", "device")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    device = models.BooleanField()
    issued = models.IntegerField()

    class Meta:
        db_table = "membership_card_count"


class AppCount(models.Model):
    """How often the app was installed in a month, as browsers said. Of nobody."""

    pk = models.CompositePrimaryKey("controller_id", "month")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    installed = models.IntegerField()

    class Meta:
        db_table = "membership_app_count"
