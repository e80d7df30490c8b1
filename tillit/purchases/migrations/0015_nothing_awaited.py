from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("purchases", "0014_alone_asked")]

    operations = [
        migrations.DeleteModel("AwaitedRefund"),
        migrations.AddField("Chain", "alone_days", models.PositiveSmallIntegerField(default=30, db_default=30)),
        migrations.AddField(
            "UnmatchedRefund", "asked", models.CharField(max_length=40, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "UnmatchedRefund", "asked_by", models.CharField(max_length=60, blank=True, default="", db_default="")
        ),
    ]
