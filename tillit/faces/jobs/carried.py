"""What a job may carry: the name of a periodic job or the minute, under a lock named after the job. Nothing else."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from tillit.faces.jobs.schedule import QUEUES

_LATEST_MINUTE = 1 << 33


def more_than_names() -> Iterator[str]:
    """The jobs, by id, that carry anything else. Never what they carry."""
    tasks = import_module("tillit.faces.jobs.tasks")  # which cannot be loaded before every app is
    names = {*tasks.JOBS, "dispatch"}
    facts = ProcrastinateJob.objects.values_list("id", "queue_name", "task_name", "args", "lock", "queueing_lock")
    for number, queue, task, carried, *locks in facts:
        if task == tasks.run.name:
            fitting = _only(carried, "name") and carried["name"] in tasks.JOBS
        else:
            fitting = task == tasks.dispatch.name and _only(carried, "timestamp") and _minute(carried["timestamp"])
        if not (fitting and queue in QUEUES and {*locks} <= {None, *names}):
            yield f"procrastinate_jobs: job {number} carries more than a job's name"


def _only(carried: Any, name: str) -> bool:
    return isinstance(carried, dict) and [*carried] == [name] and not isinstance(carried[name], dict | list)


def _minute(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LATEST_MINUTE
