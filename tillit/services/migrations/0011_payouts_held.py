from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("services", "0010_payouts")]

    operations = [
        migrations.AddField(
            "Payout", "account_by", models.CharField(max_length=60, blank=True, default="", db_default="")
        ),
        migrations.AddField("Payout", "held_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("Payout", "services_payout_in_one_file"),
        migrations.AddConstraint(
            "Payout",
            models.CheckConstraint(
                condition=Q(payout_state="waiting", run_id__isnull=True)
                | Q(payout_state__in=["proposed", "sent", "paid", "refused"], run_id__isnull=False)
                | Q(payout_state="paid", reason="debited")
                | Q(payout_state="cancelled"),
                name="services_payout_in_one_file",
            ),
        ),
    ]
