from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("purchases", "0011_made_good_lines")]

    operations = [
        migrations.AddField("Chain", "alone_up_to", models.BigIntegerField(default=500_000, db_default=500_000)),
    ]
