"""Jobs carry ids and names only."""

from procrastinate.contrib.django import models as queue

from tillit.declaration.held_to import bounded
from tillit.declaration.registry import not_personal, transient
from tillit.faces.jobs.carried import more_than_names
from tillit.faces.jobs.models import LastRun

_STALE = "work that was waiting when the dump was made must not be done again"

not_personal(LastRun, because="when a job last ran")
transient(
    queue.ProcrastinateJob,
    because="jobs carry ids and names only; finished ones are deleted at once, and those that failed after this time",
    kept="P30D",
    clock_column="CASE WHEN status IN ('failed', 'cancelled', 'aborted') THEN"
    " (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = procrastinate_jobs.id) END",
    not_backed_up=_STALE,
)
bounded(queue.ProcrastinateJob, more_than_names)
not_personal(queue.ProcrastinateEvent, because="what happened to a job", not_backed_up=_STALE)
not_personal(queue.ProcrastinatePeriodicDefer, because="when the dispatcher woke", not_backed_up=_STALE)
not_personal(queue.ProcrastinateWorker, because="which worker runs", not_backed_up=_STALE)
