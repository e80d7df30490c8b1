from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("purchases", "0013_awaited_refunds")]

    operations = [
        migrations.AddField("Chain", "alone_asked", models.BigIntegerField(null=True)),
        migrations.AddField(
            "Chain", "alone_asked_by", models.CharField(max_length=60, blank=True, default="", db_default="")
        ),
    ]
