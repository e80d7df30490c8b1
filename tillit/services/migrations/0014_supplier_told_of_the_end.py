"""A supplier is told that an agreement is over (D1)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0013_supplier_notice"),
    ]

    operations = [
        migrations.AlterField(
            model_name="suppliernotice",
            name="notice_state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("confirmed", "Confirmed"),
                    ("refused", "Refused"),
                    ("dropped", "Dropped"),
                    ("ending", "Ending"),
                    ("ended", "Ended"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="suppliernotice", name="services_supplier_notice_settled"),
        migrations.AddConstraint(
            model_name="suppliernotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("notice_state__in", ["confirmed", "dropped", "ended"]), ("settled_at__isnull", False)),
                    models.Q(("notice_state__in", ["waiting", "refused", "ending"]), ("settled_at__isnull", True)),
                    _connector="OR",
                ),
                name="services_supplier_notice_settled",
            ),
        ),
    ]
