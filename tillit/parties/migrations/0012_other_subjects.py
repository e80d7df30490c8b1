from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("parties", "0011_fact_replaced")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION parties_other_subjects() RETURNS TABLE (one bigint, other bigint, known boolean)
            LANGUAGE sql STABLE PARALLEL SAFE AS $$
              -- The subjects of merged people in pairs, each with every other of the same person; known: the other is
              -- the one that the person is known by.
              SELECT a.id, a.alias_of_id, true FROM parties_subject a WHERE a.alias_of_id IS NOT NULL
              UNION ALL SELECT a.alias_of_id, a.id, false FROM parties_subject a WHERE a.alias_of_id IS NOT NULL
              UNION ALL SELECT a.id, b.id, false FROM parties_subject a
                JOIN parties_subject b ON b.alias_of_id = a.alias_of_id AND b.id <> a.id
            $$
            """,
            "DROP FUNCTION parties_other_subjects()",
        )
    ]
