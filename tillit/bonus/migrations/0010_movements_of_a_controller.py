"""A movement is known to the controller that read it, by its entry and the part of it."""

from django.db import migrations, models
from django.db.models import F


def _as_they_were(apps, schema_editor):
    """What was read before is an entry of its own, under the key that it had."""
    apps.get_model("bonus", "BankMovement").objects.update(entry=F("id"))


class Migration(migrations.Migration):
    dependencies = [("bonus", "0009_settlements")]

    operations = [
        migrations.AddField(
            "bankmovement", "entry", models.CharField(max_length=32, default=""), preserve_default=False
        ),
        migrations.AddField("bankmovement", "part", models.CharField(blank=True, default="", max_length=8)),
        migrations.RunPython(_as_they_were, migrations.RunPython.noop),
        migrations.AddConstraint(
            "bankmovement",
            models.UniqueConstraint(fields=("controller_id", "entry", "part"), name="bonus_bank_movement_once"),
        ),
    ]
