"""Amounts set aside on cards, until a purchase clears them or their time is over."""

from django.db import migrations, models

import tillit.declaration.personal


class Migration(migrations.Migration):
    dependencies = [
        ("purchases", "0006_refunds"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="authorised",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="source",
            name="clears_within",
            field=models.PositiveSmallIntegerField(default=30),
        ),
        migrations.CreateModel(
            name="Authorisation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "subject_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subject_id", models.BigIntegerField()),
                ("id", models.BigIntegerField(db_default=tillit.declaration.personal.RandomId())),
                ("controller_id", models.IntegerField()),
                ("state", models.SmallIntegerField(db_default=0)),
                ("recorded_at", models.DateTimeField(db_default=tillit.declaration.personal.RecordTime())),
                ("digest", models.UUIDField()),
                ("source_id", models.SmallIntegerField()),
                ("chain_id", models.IntegerField()),
                ("store_id", models.IntegerField()),
                ("event_at", models.DateTimeField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("batch_id", models.BigIntegerField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, default="", max_length=10)),
            ],
            options={
                "db_table": "purchases_authorisation",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["source_id", "event_at"],
                        name="purchases_authorisation_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("subject_id", "digest"), name="purchases_authorisation_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="purchases_authorisation_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="purchases_authorisation_outcome",
                    ),
                ],
            },
        ),
    ]
