"""A category is part of an edition; a benefit that no union's members have yet belongs to the union that made it."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def copy(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Every edition is of its benefit's category."""
    for benefit in apps.get_model("benefits", "Benefit").objects.all():
        benefit.editions.update(category_id=benefit.category_id)
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else the tables have pending events and stay as they are


class Migration(migrations.Migration):
    dependencies = [("benefits", "0001_initial"), ("declaration", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="benefit",
            name="maker",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="declaration.controller",
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="category",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="editions",
                to="benefits.category",
            ),
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="edition",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="benefits.category"
            ),
        ),
        migrations.RemoveField(model_name="benefit", name="category"),
    ]
