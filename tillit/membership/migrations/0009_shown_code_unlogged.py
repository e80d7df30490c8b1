"""Which codes were shown is in no write-ahead log, as their salts are not: a verification waits for no disk."""

from django.db import migrations


class Migration(migrations.Migration):
    """One table."""

    dependencies = [("membership", "0008_file_settled")]
    operations = [
        # After a crash of the server the salts are gone, and without them these rows say nothing: no use in keeping them.
        migrations.RunSQL("ALTER TABLE membership_shown_code SET UNLOGGED", migrations.RunSQL.noop),
    ]
