"""Staging moves to temporary tables; a batch notes how far its lanes came; refunds that wait are found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("purchases", "0003_sales_sums")]

    operations = [
        migrations.DeleteModel("StagedPurchase"),
        migrations.CreateModel(
            name="StagedPurchase",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "line", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("batch_id", models.BigIntegerField()),
                ("line", models.BigIntegerField()),
                ("source_id", models.SmallIntegerField()),
                ("external", models.UUIDField()),
                ("payload", models.UUIDField()),
                ("instrument_kind", models.SmallIntegerField()),
                ("instrument", models.UUIDField()),
                ("last_four", models.CharField(blank=True, default="", max_length=4)),
                ("chain_id", models.IntegerField()),
                ("store_id", models.IntegerField()),
                ("product_group_id", models.IntegerField(null=True)),
                ("event_at", models.DateTimeField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("receipt", models.CharField(blank=True, default="", max_length=60)),
                ("product", models.CharField(blank=True, default="", max_length=120)),
                ("refund_of", models.UUIDField(null=True)),
            ],
            options={"db_table": "purchases_staged", "managed": False},
        ),
        migrations.AddField("batch", "progress", models.JSONField(default=dict)),
        migrations.AddIndex(
            "unmatchedrefund",
            models.Index(
                condition=models.Q(settled_at__isnull=True), fields=["subject_id"], name="purchases_refund_waiting"
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE purchases_purchase DROP CONSTRAINT IF EXISTS purchases_purchase_subject_link",
            migrations.RunSQL.noop,
        ),
    ]
