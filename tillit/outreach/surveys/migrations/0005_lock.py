"""Answers to an anonymous survey are sealed to words that are kept nowhere (F7). One that is open has none: it is closed,
and says so; nobody could say what it was closed by.
"""

from django.db import migrations, models

_OVER = """
DELETE FROM surveys_ballot b USING surveys_survey s WHERE s.id = b.survey_id AND s.anonymous;
DELETE FROM surveys_urn u USING surveys_survey s WHERE s.id = u.survey_id AND s.anonymous;
UPDATE surveys_survey SET stage = 'closed', closed_at = now(), secret = NULL, answers = 0, sending = false,
  problem = 'unopened' WHERE anonymous AND stage = 'open';
UPDATE surveys_survey SET stage = 'draft', problem = 'phrase-missing' WHERE anonymous AND stage = 'drawing';
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_sent_by_a_job")]

    operations = [
        migrations.AddField(model_name="survey", name="lock", field=models.BinaryField(null=True)),
        migrations.RunSQL(_OVER, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="survey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("anonymous", False), ("lock__isnull", True)),
                    models.Q(
                        ("anonymous", True),
                        models.Q(
                            ("stage", "draft"),
                            models.Q(("lock__isnull", False), ("stage__in", ["drawing", "open"])),
                            models.Q(("lock__isnull", True), ("stage", "closed")),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="surveys_survey_lock",
            ),
        ),
    ]
