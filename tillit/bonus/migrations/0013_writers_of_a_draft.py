from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bonus", "0012_waits_from")]

    operations = [
        migrations.AddField("TermsDraft", "writers", models.JSONField(default=list, db_default=[])),
    ]
