from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="LooseEnd",
            fields=[("subject_id", models.BigIntegerField(primary_key=True, serialize=False))],
            options={"db_table": "privacy_loose_end"},
        ),
    ]
