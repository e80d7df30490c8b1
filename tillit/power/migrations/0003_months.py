from django.db import migrations, models

import tillit.declaration.personal


class Migration(migrations.Migration):
    dependencies = [
        ("power", "0002_switch"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingMonth",
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
                ("point_id", models.BigIntegerField()),
                ("month", models.DateField()),
                ("wh", models.BinaryField()),
                (
                    "point",
                    tillit.declaration.personal.SubjectForeignKey(
                        cascade=True, local="point_id", related_name="+", to="power.meteringpoint"
                    ),
                ),
            ],
            options={
                "db_table": "power_reading_month",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subject_id", "point_id", "month"), name="power_reading_month_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="power_reading_month_first"),
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE power_reading_month ALTER COLUMN wh SET STORAGE PLAIN",
            "ALTER TABLE power_reading_month ALTER COLUMN wh SET STORAGE EXTENDED",
        ),
    ]
