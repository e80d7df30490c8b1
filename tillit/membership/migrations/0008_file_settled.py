"""Whether a union's file stands in the register as it was sent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("membership", "0007_agreement_terms")]
    operations = [
        migrations.AddField(
            model_name="registerfile",
            name="settled",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        )
    ]
