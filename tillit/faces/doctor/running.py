"""What goes on by itself: the worker and its jobs, backups, declarations and their proof."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count
from procrastinate.contrib.django.models import ProcrastinateJob

from tillit.declaration.models import Controller
from tillit.faces.doctor.findings import Finding, ok, warning, wrong
from tillit.faces.jobs.models import LastRun
from tillit.faces.jobs.tasks import JOBS
from tillit.kernel import clock
from tillit.platform import database
from tillit.privacy.backup import places, segments
from tillit.privacy.prove import store as proofs

OFTEN, DAILY = timedelta(minutes=15), timedelta(hours=3)
"""How long after its time a job may still be waiting for others, by how often it runs."""
DUMP_AGE, KEYS_AGE, UNSHIPPED = timedelta(days=2), timedelta(hours=3), timedelta(minutes=15)


def worker() -> Iterator[Finding]:
    """`tillit work` runs, and every job of it when it should."""
    now, last = clock.now(), dict(LastRun.objects.values_list("name", "at"))
    if not last:
        yield wrong("worker", "tillit work has never run: nothing is deleted, sent, backed up or proved by itself")
        return
    age = max((now - max(last.values())).total_seconds(), 0.0)
    late = [
        name
        for name, job in JOBS.items()
        if job.due(last.get(name), now - (OFTEN if job.apart < timedelta(hours=1) else DAILY))
    ]
    if age > OFTEN.total_seconds():
        yield wrong(
            "worker",
            f"tillit work is not running: no job ended since {max(last.values()):%Y-%m-%d %H:%M} UTC",
            age_seconds=age,
            late_jobs=len(late),
        )
    elif late:
        yield warning("worker", f"late: {', '.join(sorted(late))}", age_seconds=age, late_jobs=len(late))
    else:
        yield ok("worker", f"{len(JOBS)} jobs run in their time", age_seconds=age, late_jobs=0)


def failed() -> Iterator[Finding]:
    """Jobs that ended with an error, by name; the log says where."""
    found = ProcrastinateJob.objects.filter(status="failed").values_list("args__name").annotate(Count("id")).order_by()
    counts = {str(name or "other"): number for name, number in found}
    if counts:
        said = ", ".join(f"{number} × {name}" for name, number in sorted(counts.items()))
        yield warning("failed-jobs", f"{said}: see the worker's log", jobs=sum(counts.values()))
    else:
        yield ok("failed-jobs", "none", jobs=0)


def backups() -> Iterator[Finding]:
    """A dump of lately, a copy of the keys with it, and the journal in its files."""
    now, mine = clock.now(), database.place().name
    for store, limit, name in (("dump", DUMP_AGE, "newest-dump"), ("keys", KEYS_AGE, "newest-keys")):
        made = [one.made_at for one in places.listed(store) if one.database == mine]  # type: ignore[arg-type]
        if not made:
            yield wrong(name, "there is none: run tillit backup, and keep tillit work running")
            continue
        age = (now - made[-1]).total_seconds()
        said = f"made {made[-1]:%Y-%m-%d %H:%M} UTC"
        yield (wrong if age > limit.total_seconds() else ok)(name, said, age_seconds=age)
    waiting = segments.unshipped_since()
    if waiting is not None and now - waiting > UNSHIPPED:
        yield wrong("journal", f"not written to its files since {waiting:%Y-%m-%d %H:%M} UTC")
    else:
        yield ok("journal", "in its files")


def declarations() -> Iterator[Finding]:
    """Somebody's declaration is published; a controller without one can do nothing."""
    all_of_them = Controller.objects.count()
    without = sorted(Controller.objects.filter(versions__isnull=True).values_list("key", flat=True))
    if not all_of_them:
        yield warning("declarations", "none is published: tillit declare publish FILE")
    elif without:
        yield warning("declarations", f"none of {', '.join(without)}", controllers=all_of_them)
    else:
        yield ok("declarations", f"{all_of_them} controllers", controllers=all_of_them)


def proof() -> Iterator[Finding]:
    """The last proof of each controller found nothing broken, and is not old."""
    for controller in Controller.objects.filter(versions__isnull=False).distinct().order_by("key"):
        last = proofs.last(controller_id=controller.pk)
        name = f"proof-{controller.key}"
        if last is None:
            yield warning(name, "none yet: run tillit prove")
        elif last.broken:
            yield wrong(name, f"{last.broken} promises broken: run tillit prove", broken=last.broken)
        elif clock.now() - last.at > 2 * proofs.EVERY:
            yield warning(name, f"the last is of {last.at:%Y-%m-%d}", broken=0)
        else:
            yield ok(name, f"{last.kept} promises kept", broken=0)
