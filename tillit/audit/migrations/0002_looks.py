from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "event",
            models.Index(
                fields=["controller_id", "at"],
                condition=models.Q(actor_kind="staff", type__in=["person.read", "person.searched"]),
                name="audit_event_looks",
            ),
        )
    ]
