"""The dispatcher and the jobs it starts."""

from datetime import timedelta
from typing import cast

from django.db import transaction
from procrastinate import exceptions
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from tillit.audit.operations import link
from tillit.bonus import gift_cards
from tillit.bonus.operations import expire_everywhere
from tillit.bonus.profiles import compile_everywhere
from tillit.bonus.programmes import follow_declarations
from tillit.bonus.voucher_endings import release_everywhere
from tillit.bonus.warnings import warn_everywhere
from tillit.declaration.enforce import enforce_grants
from tillit.faces.api import webhooks
from tillit.faces.jobs.models import LastRun
from tillit.faces.jobs.schedule import Every
from tillit.journeys.bonus_claims import review_everywhere
from tillit.journeys.daily_proof import prove_and_tell
from tillit.journeys.tell_recipients import send_notices
from tillit.kernel import clock
from tillit.membership.bonus_ids import issue_everywhere
from tillit.messages import outbox
from tillit.privacy import changes, files, retention
from tillit.privacy.anomalies import raise_suspicions
from tillit.privacy.backup import segments
from tillit.privacy.backup.run import backup, copy_keys

JOBS = {
    job.name: job
    for job in (
        Every("grants", enforce_grants, timedelta(days=1), hour=0),  # a version takes effect on its day (A4)
        Every("programmes", follow_declarations, timedelta(days=1), hour=0),
        Every("link_audit", link, timedelta(minutes=1)),
        Every("webhooks", webhooks.run, timedelta(minutes=1)),
        Every("outbox", outbox.deliver, timedelta(minutes=1)),
        Every("files", files.lapse, timedelta(minutes=1)),
        Every("recipients", send_notices, timedelta(minutes=10)),
        Every("changes", changes.announce, timedelta(hours=1)),  # before the notices are owed (A4)
        Every("journal", segments.ship, timedelta(minutes=1)),
        Every("vouchers", release_everywhere, timedelta(minutes=1)),  # before bonus expires: it goes back to its lots
        Every("gift_cards", gift_cards.expire_everywhere, timedelta(days=1), hour=1),
        Every("expiry", expire_everywhere, timedelta(days=1), hour=1),
        Every("bonus_ids", issue_everywhere, timedelta(days=1), hour=1),  # taken over, or parted from another
        Every("warnings", warn_everywhere, timedelta(days=1), hour=8),
        Every("claims", review_everywhere, timedelta(days=1), hour=4),
        Every("profiles", compile_everywhere, timedelta(days=1), hour=3),
        Every("anomalies", raise_suspicions, timedelta(hours=6)),
        Every("retention", retention.run, timedelta(days=1), hour=2),
        Every("keys", copy_keys, timedelta(hours=1)),
        Every("backup", backup, timedelta(days=1), hour=4),
        Every("proof", prove_and_tell, timedelta(days=1), hour=5),
    )
}


def start_due() -> list[str]:
    """Put every due job on the queue, once; the names of those started."""
    last = dict(LastRun.objects.values_list("name", "at"))
    started = []
    for job in JOBS.values():
        if not job.due(last.get(job.name), clock.now()):
            continue
        try:
            with transaction.atomic():
                run.configure(queueing_lock=job.name, lock=job.name).defer(name=job.name)
            started.append(job.name)
        except exceptions.AlreadyEnqueued:
            continue  # still waiting from an earlier minute
    return started


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="dispatch", pass_context=False)
def dispatch(timestamp: int) -> None:
    """Wake every minute and start what is due. `timestamp`: the minute, which the queue passes and nothing needs."""
    start_due()


@app.task
def run(name: str) -> None:
    """Run one periodic job to its end and remember that it did."""
    JOBS[name].work()
    LastRun.objects.update_or_create(name=name, defaults={"at": clock.now()})


def work(*, once: bool = False) -> None:
    """Run jobs until stopped, or, with `once`, whatever is due now and then return."""
    if once:
        start_due()
    # The worker needs LISTEN on a connection of its own, made from the same settings as Django's.
    own = cast(DjangoConnector, app.connector).get_worker_connector()
    app.with_connector(own).run_worker(
        wait=not once, install_signal_handlers=not once, delete_jobs="successful", listen_notify=not once
    )
