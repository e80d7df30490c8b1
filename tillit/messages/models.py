"""One message to or from a person, its state, and when to try next (F11, D9)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class State(models.TextChoices):
    """queued → sending → sent, or queued again, or failed. withheld: not to be sent (any more). received: it came in.
    unknown: a worker died while sending marketing; it is not sent again.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"
    RECEIVED = "received"


SETTLED = (State.SENT, State.FAILED, State.WITHHELD, State.UNKNOWN, State.RECEIVED)


class Message(PersonalModel):
    """content: the template's values; of what came in, and of free text, `subject` and `text`.

    settled_at: when it was sent, failed for good, was withheld or came in: the clock `sent`. sealed_address: only where
    the address is not on record, gone when settled. key: what makes it one of a kind. carrier: the processor it went
    through, '' for a server of our own. delivered_at: whoever carried it says that it arrived. segments: of an SMS, 0
    for anything else. claimed_by: the worker that has taken it. handed_to: every caller who was shown it
    as a call. handed_at: from when on it may have left. case_id, campaign_id, letter_batch_id: what it belongs to.
    address_digest: a keyed digest of the one address that it may go to; null where any on record will do.
    """

    category = models.SmallIntegerField()
    direction = models.CharField(max_length=3)
    channel = models.CharField(max_length=10)
    activity = models.CharField(max_length=60)
    template = models.CharField(max_length=60)
    language = models.CharField(max_length=5)
    content = models.JSONField(default=dict)
    key = models.CharField(max_length=80, null=True)  # noqa: DJ001 (unique where there is one)
    message_state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=40, blank=True, default="")
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.IntegerField(null=True)
    handed_to = ArrayField(models.IntegerField(), default=list, db_default=[])
    handed_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    answering = models.BooleanField(default=False)
    sealed_address = models.BinaryField(null=True)
    address_digest = models.UUIDField(null=True)
    carrier = models.CharField(max_length=60, blank=True, default="")
    delivered_at = models.DateTimeField(null=True)
    segments = models.SmallIntegerField(default=0, db_default=0)
    case_id = models.BigIntegerField(null=True)
    campaign_id = models.BigIntegerField(null=True)
    letter_batch_id = models.IntegerField(null=True)

    class Meta:
        db_table = "messages_message"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "key"], name="messages_message_once"),
            models.CheckConstraint(condition=Q(direction__in=["out", "in"]), name="messages_message_direction"),
            models.CheckConstraint(
                condition=Q(message_state__in=["queued", "sending"]) ^ Q(settled_at__isnull=False),
                name="messages_message_settled",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(sealed_address__isnull=True), name="messages_message_address"
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "activity", "due_at"],
                condition=Q(message_state__in=["queued", "sending"]),
                name="messages_message_outbox",
            ),
            models.Index(
                fields=["campaign_id", "message_state"],
                condition=Q(campaign_id__isnull=False),
                name="messages_message_campaign",
            ),
            models.Index(
                fields=["letter_batch_id"],
                condition=Q(letter_batch_id__isnull=False, settled_at__isnull=True),
                name="messages_message_letters",
            ),
        ]


class LetterBatch(models.Model):
    """Letters that were gathered together: how many, and when staff fetched them and said that they were sent."""

    controller_id = models.IntegerField()
    made_at = models.DateTimeField()
    letters = models.IntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_letter_batch"
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(fetched_at__isnull=False), name="messages_letter_batch_order"
            )
        ]


class PushSubscription(PersonalModel):
    """A browser in which the person has switched notices on (B6).

    sealed: the address at its push service and the keys that encrypt for it. device: its rough name, `Chrome, Android`.
    removed_at: switched off here. gone_at: the push service says that it is no more, as when the app is deleted.
    """

    sealed = models.BinaryField()
    device = models.CharField(max_length=60, blank=True, default="")
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_push_subscription"


class MessageUse(PersonalModel):
    """A message that was opened (`target` '') or whose link was followed, by somebody who agreed to be measured (F4).

    at: the first time. campaign_id: what it was part of.
    """

    message_id = models.BigIntegerField()
    campaign_id = models.BigIntegerField()
    target = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        db_table = "messages_use"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "message_id", "target"], name="messages_use_once"),
        ]
        indexes = [models.Index(fields=["campaign_id"], name="messages_use_campaign")]


class Once(models.Model):
    """What came in from outside and when it was begun on, by a keyed digest of its sender's id of it."""

    digest = models.UUIDField(primary_key=True)
    begun_at = models.DateTimeField()
    finished = models.BooleanField(default=False)

    class Meta:
        db_table = "messages_once"


class DkimKey(models.Model):
    """A key that signs a controller's mail (`dkim`). public: DER, base64, as it stands in DNS. sealed: the private key,
    under the installation's key-encryption key. retired_at: from when on it signs no more.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    domain = models.CharField(max_length=253)
    selector = models.CharField(max_length=63)
    public = models.TextField()
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messages_dkim_key"
        constraints = [
            models.UniqueConstraint(
                fields=["controller"], condition=Q(retired_at__isnull=True), name="messages_dkim_key_one"
            ),
            models.UniqueConstraint(fields=["domain", "selector"], name="messages_dkim_key_selector"),
        ]
