"""A refund that waits carries what it takes to settle it; a day's purchases are found without looking at every person."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models
from django.db.models import Q

_FILL = """
UPDATE purchases_unmatched_refund u
SET source_id = p.source_id, chain_id = p.chain_id, store_id = p.store_id, event_at = p.event_at, amount = p.amount,
    refund_of = p.refund_of, outcome = CASE WHEN u.settled_at IS NULL THEN '' ELSE 'settled' END
FROM purchases_purchase p WHERE p.subject_id = u.subject_id AND p.id = u.purchase_id;
DELETE FROM purchases_unmatched_refund WHERE amount IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("purchases", "0005_removed_cards")]

    operations = [
        migrations.AddField("unmatchedrefund", "source_id", models.SmallIntegerField(null=True)),
        migrations.AddField("unmatchedrefund", "chain_id", models.IntegerField(null=True)),
        migrations.AddField("unmatchedrefund", "store_id", models.IntegerField(null=True)),
        migrations.AddField("unmatchedrefund", "event_at", models.DateTimeField(null=True)),
        migrations.AddField("unmatchedrefund", "amount", models.BigIntegerField(null=True)),
        migrations.AddField("unmatchedrefund", "refund_of", models.UUIDField(null=True)),
        migrations.AddField("unmatchedrefund", "outcome", models.CharField(blank=True, default="", max_length=10)),
        migrations.AddField("unmatchedrefund", "reason", models.CharField(blank=True, default="", max_length=40)),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField("unmatchedrefund", "source_id", models.SmallIntegerField()),
        migrations.AlterField("unmatchedrefund", "chain_id", models.IntegerField()),
        migrations.AlterField("unmatchedrefund", "store_id", models.IntegerField()),
        migrations.AlterField("unmatchedrefund", "event_at", models.DateTimeField()),
        migrations.AlterField("unmatchedrefund", "amount", models.BigIntegerField()),
        migrations.AddConstraint(
            "unmatchedrefund",
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, outcome="") | Q(settled_at__isnull=False) & ~Q(outcome=""),
                name="purchases_refund_outcome",
            ),
        ),
        migrations.AddConstraint(
            "unmatchedrefund", models.CheckConstraint(condition=Q(amount__lt=0), name="purchases_refund_amount")
        ),
        migrations.AddIndex(
            "purchase",
            BrinIndex(autosummarize=True, fields=["event_at"], name="purchases_purchase_days", pages_per_range=32),
        ),
    ]
