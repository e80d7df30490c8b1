"""A transfer and a balance carry their book's category, by which they are seen and lapse."""

from django.db import migrations, models

TABLES = ("ledger_transfer", "ledger_balance")


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"UPDATE {table} t SET category = b.category FROM ledger_book b"  # noqa: S608 (names of ours)
                " WHERE b.id = t.book_id AND t.category <> b.category"
            )
            cursor.execute(
                f"SELECT count(*) FROM {table} t JOIN ledger_book b ON b.id = t.book_id"  # noqa: S608
                " WHERE t.category <> b.category"
            )
            (left,) = cursor.fetchone()
            if left:
                raise AssertionError(f"{table}: {left} rows without their book's category")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_owings")]
    operations = [
        migrations.AddField("transfer", "category", models.SmallIntegerField(default=17), preserve_default=False),
        migrations.AddField("balance", "category", models.SmallIntegerField(default=17), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
