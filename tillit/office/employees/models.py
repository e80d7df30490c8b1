"""What is kept of an employment (H16)."""

from django.db import models

from tillit.declaration.personal import PersonalModel


class EmploymentRecord(PersonalModel):
    """A position, a salary or an absence. sealed: which, from when to when, and how much (`records.Entry`).
    employment_ended: the first day after the employment, from which its period runs. superseded_at: when payroll took
    it back: it counts no more, and is kept sealed until its period is out.
    """

    sealed = models.BinaryField()
    employment_ended = models.DateField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "employees_record"
        indexes = [models.Index(fields=["controller_id"], name="employees_record_of")]
