"""Breaches move to the case engine: each becomes a matter with its steps, under its own number, and none is lost."""

from django.db import migrations

MOVE = """
INSERT INTO cases_matter (id, controller_id, kind, reference, key, source, drill, stage, outcome, suspected_at, known_at,
                          due_at, answered_at, late_because, closed_at, fields)
OVERRIDING SYSTEM VALUE
SELECT id, controller_id, 'breach_matter', reference, key, source, drill,
       CASE WHEN closed_at IS NULL THEN 'received' ELSE 'closed' END, closed_as, suspected_at, known_at,
       due_at, authority_at, late_because, closed_at,
       jsonb_strip_nulls(jsonb_build_object(
         'what', what, 'nature', nature, 'categories', categories, 'persons', persons, 'records', records,
         'crime', crime, 'happened_from', happened_from, 'happened_until', happened_until,
         'consequences', nullif(consequences, ''), 'measures', nullif(measures, ''), 'risk', nullif(risk, ''),
         'assessed_at', assessed_at, 'authority_reference', nullif(authority_reference, ''), 'people_at', people_at,
         'people_not_because', nullif(people_not_because, ''), 'business_at', business_at, 'police_at', police_at,
         'police_reference', nullif(police_reference, ''), 'supplier_at', supplier_at,
         'intrusion', nullif(intrusion, ''), 'supplier_said', nullif(supplier_said, ''),
         'lessons', nullif(lessons, '')))
FROM privacy_breach;
INSERT INTO cases_matter_entry (matter_id, number, step, at, actor, text)
SELECT breach_id, number, step, at, actor, text FROM privacy_breach_step ORDER BY breach_id, number;
SELECT setval(pg_get_serial_sequence('cases_matter', 'id'), greatest((SELECT max(id) FROM cases_matter), 1));
DO $$
BEGIN
  IF (SELECT count(*) FROM privacy_breach) <> (SELECT count(*) FROM cases_matter WHERE kind = 'breach_matter')
     OR (SELECT count(*) FROM privacy_breach_step) <> (SELECT count(*) FROM cases_matter_entry) THEN
    RAISE EXCEPTION 'not every breach and step was moved';
  END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0003_matters"),
        ("privacy", "0007_proofs"),
    ]

    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="breachstep",
            name="breach",
        ),
        migrations.DeleteModel(
            name="Breach",
        ),
        migrations.DeleteModel(
            name="BreachStep",
        ),
        migrations.CreateModel(
            name="Breach",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("cases.matter",),
        ),
    ]
