from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bonus", "0011_available_after_days")]

    operations = [
        migrations.AddField("Programme", "waited_before", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.AddField("Programme", "waits_from", models.DateTimeField(null=True)),
    ]
