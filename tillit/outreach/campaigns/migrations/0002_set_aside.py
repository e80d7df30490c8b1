"""Who last changed a campaign, and why one was set aside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="changed_by",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.AddField(
            model_name="campaign",
            name="problem",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
    ]
