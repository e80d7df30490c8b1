"""Ways in beside the one-time code: passkeys, time-based codes, recovery codes, identities of an outside provider.

All hang on a login and go with it. What would let a reader of the table sign in is not in it: public keys, a sealed
secret, keyed digests.
"""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Register
from tillit.parties.models import Login


class Passkey(models.Model):
    """A passkey of a login (WebAuthn): its public part, and a rough name of the device that made it."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="+")
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    device = models.CharField(max_length=60, blank=True, default="")
    made_at = models.DateTimeField()
    last_used = models.DateTimeField()

    class Meta:
        db_table = "parties_passkey"


class TimeCode(models.Model):
    """The secret of an authenticator app (RFC 6238), sealed. `last_step`: the latest step used, so none works twice."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.OneToOneField(Login, on_delete=models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    last_used = models.DateTimeField()

    class Meta:
        db_table = "parties_time_code"


class RecoveryCode(models.Model):
    """One of the codes for the day the phone is gone: its keyed digest. Works once."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField()
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "parties_recovery_code"


class Password(models.Model):
    """A password of a login, where the controller has them: its Argon2id hash (PHC string). See `passwords`."""

    login = models.OneToOneField(Login, on_delete=models.CASCADE, related_name="+", primary_key=True)
    encoded = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    last_used = models.DateTimeField()

    class Meta:
        db_table = "parties_password"
        constraints = [
            models.CheckConstraint(condition=Q(encoded__startswith="$argon2id$"), name="parties_password_hashed")
        ]


class OutsideIdentity(models.Model):
    """Who a person is to an outside sign-in service: a keyed digest of its `sub`, and nothing else it said."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="+")
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=40)
    digest = models.BinaryField()
    made_at = models.DateTimeField()
    last_used = models.DateTimeField()

    class Meta:
        db_table = "parties_outside_identity"
        constraints = [
            models.UniqueConstraint(fields=["register", "provider", "digest"], name="parties_outside_once"),
            models.UniqueConstraint(fields=["login", "provider"], name="parties_outside_one_each"),
            models.CheckConstraint(condition=~Q(provider=""), name="parties_outside_named"),
        ]
