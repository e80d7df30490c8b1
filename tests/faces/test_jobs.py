"""What Tillit does by itself (H10: each rule runs by itself)."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from tests.conftest import TestDatabase
from tests.support import commands
from tillit.faces.jobs import tasks
from tillit.faces.jobs.models import LastRun
from tillit.faces.jobs.schedule import DEFAULT, PROMPT, QUEUES, Every
from tillit.kernel import clock
from tillit.privacy.models import RetentionRun


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def test_daily_work_is_due_once_a_day_and_a_missed_day_is_made_up_for() -> None:
    job = Every("x", lambda: None, timedelta(days=1), hour=2)
    assert job.due(None, _at(1, 12))
    assert not job.due(_at(1, 1), _at(1, 23)), "01 UTC is 03 in Oslo: today's is done"
    assert job.due(_at(1, 1), _at(2, 1))
    assert not job.due(_at(1, 1), _at(1, 23))
    assert job.due(_at(1, 1), _at(5, 0))


def test_frequent_work_is_due_when_its_time_has_passed() -> None:
    job = Every("x", lambda: None, timedelta(minutes=1))
    assert not job.due(_at(1, 1), _at(1, 1) + timedelta(seconds=59))
    assert job.due(_at(1, 1), _at(1, 1) + timedelta(seconds=60))


@pytest.mark.django_db
def test_a_job_that_waits_is_not_put_on_the_queue_again() -> None:
    assert set(tasks.start_due()) == set(tasks.JOBS)
    assert tasks.start_due() == []


def test_h10_the_worker_runs_retention_by_itself(fresh_db: TestDatabase) -> None:
    assert not RetentionRun.objects.exists()
    done = commands.tillit("work", "--once", environment=fresh_db.environment)
    assert done.returncode == 0, done.stderr
    assert RetentionRun.objects.filter(finished_at__isnull=False, dry_run=False).count() == 1
    assert set(LastRun.objects.values_list("name", flat=True)) == set(tasks.JOBS)
    assert LastRun.objects.get(name="retention").at <= clock.now()


def test_d2_what_must_not_wait_has_a_worker_beside_the_other(fresh_db: TestDatabase) -> None:
    tasks.start("blocks")
    tasks.start("link_audit")
    queues = dict(ProcrastinateJob.objects.values_list("lock", "queue_name"))
    assert (queues["blocks"], queues["link_audit"]) == (PROMPT, DEFAULT)
    worker = subprocess.Popen([sys.executable, "-m", "tillit.faces.cli", "work"], env=fresh_db.environment)
    try:
        for _ in range(600):
            done = LastRun.objects.filter(name__in=("blocks", "link_audit")).count()
            if done == 2 and ProcrastinateWorker.objects.count() == len(QUEUES):
                break
            time.sleep(0.1)
        assert LastRun.objects.filter(name__in=("blocks", "link_audit")).count() == 2
        assert ProcrastinateWorker.objects.count() == len(QUEUES)
    finally:
        worker.terminate()
        assert worker.wait(timeout=60) in {0, -15, 143}
