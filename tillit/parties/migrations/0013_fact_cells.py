from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("parties", "0012_other_subjects")]

    operations = [
        migrations.AddIndex("fact", models.Index(fields=["controller_id", "category"], name="parties_fact_cells")),
        migrations.AddIndex(
            "relationship", models.Index(fields=["controller_id", "kind"], name="parties_relationship_kinds")
        ),
    ]
