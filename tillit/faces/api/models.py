"""Partners' keys, and what is remembered of their calls. Nothing here is about a person."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.benefits.models import Supplier
from tillit.declaration.models import Controller
from tillit.purchases.models import Chain, Source, Store
from tillit.services.product_models import Partner

_OWNERS = ("source", "chain", "supplier", "partner", "controller")


def _of_one() -> Q:
    """Exactly one of the owners is named."""
    found = Q()
    for owner in _OWNERS:
        found |= Q(**{f"{one}__isnull": one != owner for one in _OWNERS})
    return found


class ApiClient(models.Model):
    """A key to the API, of a source of purchases, of a chain's tills (of one store, where named), of a supplier, of a
    partner that pays for services, or of a system of a controller's.

    `system`: the key of the recipient or processor, as the controller declares it, whose system calls; `activity`: what
    it reads and changes members for. `public` stands in the key and finds it; `digest` is the keyed digest of its
    secret part.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True)
    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, related_name="+")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, null=True, related_name="+")
    system = models.CharField(max_length=60, blank=True, default="", db_default="")
    activity = models.CharField(max_length=60, blank=True, default="", db_default="")
    name = models.CharField(max_length=80)
    public = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    per_minute = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    used_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_client"
        constraints = [
            models.CheckConstraint(condition=Q(per_minute__gte=1), name="api_client_per_minute"),
            models.CheckConstraint(condition=_of_one(), name="api_client_of_one"),
            models.CheckConstraint(
                condition=Q(store__isnull=True) | Q(chain__isnull=False), name="api_client_store_of_chain"
            ),
            models.CheckConstraint(
                condition=Q(controller__isnull=True, system="", activity="")
                | Q(controller__isnull=False) & ~Q(system="") & ~Q(activity=""),
                name="api_client_system",
            ),
        ]

    @property
    def owner(self) -> str:
        """The key of the source, chain, supplier, partner or system it is of."""
        of = self.source or self.chain or self.supplier or self.partner
        return of.key if of is not None else self.system


class ApiCall(models.Model):
    """A call with an `Idempotency-Key`. Key and payload are keyed digests; `answer` holds ids, counts and codes.

    `status` NULL: it has not been answered. Whether it is being worked on is told by an advisory lock, which goes with
    the connection; so a call that was cut off can be made again at once.
    """

    pk = models.CompositePrimaryKey("client_id", "key")
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE)
    key = models.UUIDField()
    payload = models.UUIDField()
    received_at = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        db_table = "api_call"


class ApiToken(models.Model):
    """A short-lived token of a client, for these of its scopes: the keyed digest of its text."""

    digest = models.CharField(max_length=64, primary_key=True)
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="tokens")
    scopes = ArrayField(models.CharField(max_length=40))
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "api_token"


class WebhookEndpoint(models.Model):
    """Where a partner's system is told of what happened, and what signs both ways (Standard Webhooks).

    `sealed`: the secret in use, and the one before it while it still counts (`webhook_secrets`). `url` '': nothing is
    sent, the partner only sends. `since`: what happened before is not told of. `public` is the address it sends to.
    `inside`: staff of this installation added it, so it may be an address of its own networks. `read_to`: how far what
    happens was read for it (`kernel.position`), as who sees what `read_as` is a digest of; NULL, not yet.
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="webhooks")
    inside = models.BooleanField(default=True, db_default=True)
    public = models.CharField(max_length=16, unique=True)
    url = models.CharField(max_length=500, blank=True, default="")
    events = ArrayField(models.CharField(max_length=60), default=list)
    sealed = models.BinaryField()
    since = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    read_to = models.BigIntegerField(null=True)
    read_as = models.CharField(max_length=16, blank=True, default="", db_default="")

    class Meta:
        db_table = "api_webhook_endpoint"


class WebhookDelivery(models.Model):
    """An event on its way to an endpoint: once each. `id` is the webhook-id, the same over every attempt.

    state: waiting, sent, dead (given up; staff may send it again). `answer`: the status of the last answer, 0 for none.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=60)
    reference = models.CharField(max_length=80)
    body = models.TextField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    state = models.CharField(max_length=10, default="waiting")
    answer = models.SmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_webhook_delivery"
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event", "reference"], name="api_webhook_once"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "sent", "dead"]), name="api_webhook_state"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="api_webhook_waiting")]
