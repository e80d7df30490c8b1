from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0011_payouts_held")]

    operations = [
        migrations.AddField("Payout", "told_until", models.DateField(null=True)),
        migrations.AddField(
            "Payout", "debited_by", models.CharField(max_length=44, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "Payout", "returned_by", models.CharField(max_length=44, blank=True, default="", db_default="")
        ),
        # What was held before stays held until a statement tells of all days from when it was made.
        migrations.RunSQL(
            "UPDATE services_payout SET told_until = (made_at AT TIME ZONE 'Europe/Oslo')::date WHERE held_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]
