"""Figures of numbers that were written before: the first and the last range open, and no mean that tells a value."""

from django.db import migrations

_MEANS = """
DELETE FROM surveys_figure f USING surveys_question q WHERE q.id = f.question_id AND f.label = 'mean'
AND (q.kind = 'number' OR EXISTS (SELECT FROM surveys_figure o WHERE o.question_id = q.id AND o.label = '*'))
"""
_ENDS = """
UPDATE surveys_figure f SET label = CASE WHEN e.first AND e.last THEN '*'
  WHEN e.first THEN '…' || regexp_replace(f.label, '^.*…', '') ELSE regexp_replace(f.label, '….*$', '') || '…' END
FROM (SELECT o.id, o.position = min(o.position) OVER of_it AS first, o.position = max(o.position) OVER of_it AS last
  FROM surveys_figure o JOIN surveys_question q ON q.id = o.question_id WHERE q.kind = 'number'
  WINDOW of_it AS (PARTITION BY o.question_id)) e
WHERE e.id = f.id AND (e.first OR e.last)
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial")]

    operations = [
        migrations.RunSQL(_MEANS, migrations.RunSQL.noop),
        migrations.RunSQL(_ENDS, migrations.RunSQL.noop),
    ]
