"""When each periodic job last ran to its end."""

from django.db import models


class LastRun(models.Model):
    """The latest completed run of a periodic job."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "jobs_last_run"
