"""A removal of a card that staff decided cannot be undone by the person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("purchases", "0007_authorisations"),
    ]

    operations = [
        migrations.AddField(
            model_name="paymentinstrument",
            name="removal_decided",
            field=models.BooleanField(db_default=False),
        ),
    ]
