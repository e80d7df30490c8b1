from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0014_supplier_told_of_the_end")]

    operations = [
        migrations.AddField(
            "Payout", "released_by", models.CharField(max_length=60, blank=True, default="", db_default="")
        ),
    ]
