"""The queue of jobs, run by a test: what is on it now, and nothing that is due by the clock."""

from tillit.faces.jobs import tasks


def drain() -> None:
    """Run what is on the queue now and return."""
    tasks._worker(stay=False)
