"""The dispatcher and the jobs it starts."""

import asyncio
import contextlib
import os
import signal
import threading
from datetime import timedelta
from typing import Self, cast

import structlog
from django.db import transaction
from django.db.models import Q
from procrastinate import App, exceptions, sql
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from tillit.audit.operations import link
from tillit.bonus import gift_cards
from tillit.bonus.operations import expire_everywhere
from tillit.bonus.profiles import compile_everywhere
from tillit.bonus.programmes import follow_declarations
from tillit.bonus.voucher_endings import release_everywhere
from tillit.bonus.warnings import warn_everywhere
from tillit.cases import unfinished
from tillit.declaration.enforce import enforce_grants
from tillit.faces.api import webhook_sending
from tillit.faces.jobs.models import LastRun
from tillit.faces.jobs.schedule import OUTWARD, PROMPT, QUEUES, Every
from tillit.journeys import (
    agreements,
    billing,
    family,
    insurance,
    insurance_told,
    partner_feeds,
    payments,
    recovery,
    suppliers_told,
)
from tillit.journeys.asked_for import ask_everywhere
from tillit.journeys.bonus_claims import review_everywhere
from tillit.journeys.daily_proof import prove_and_tell
from tillit.journeys.energy_app import detect_everywhere
from tillit.journeys.files.sending import take_in_waiting
from tillit.journeys.market_hub import exchange_everywhere
from tillit.journeys.population import refresh_everywhere
from tillit.journeys.tell_recipients import send_notices
from tillit.kernel import clock
from tillit.membership import cards, follow_up_releases
from tillit.membership.bonus_ids import issue_everywhere
from tillit.messages import outbox
from tillit.messages.letters import operations as letters
from tillit.office.reception import operations as reception
from tillit.office.recruitment import operations as recruitment
from tillit.outreach.audiences.operations import follow_everywhere
from tillit.outreach.campaigns.running import run_everywhere
from tillit.outreach.competitions import operations as competitions
from tillit.outreach.seminars import operations as seminars
from tillit.outreach.surveys import operations as surveys
from tillit.outreach.surveys import sending as surveys_sending
from tillit.power.insight import alerts, comparison, derived
from tillit.privacy import changes, files, retention
from tillit.privacy.anomalies import raise_suspicions
from tillit.privacy.backup import segments
from tillit.privacy.backup.run import backup, copy_keys
from tillit.privacy.handover.leaving import confirm_everywhere
from tillit.services import delivery as blocks
from tillit.services.acting import operations as acting
from tillit.visits.operations import add_up_everywhere

log = structlog.get_logger(__name__)
GONE = timedelta(seconds=60)  # without a sign of life, six times as long as a worker gives one

JOBS = {
    job.name: job
    for job in (
        Every("grants", enforce_grants, timedelta(days=1), hour=0),  # a version takes effect on its day (A4)
        Every("programmes", follow_declarations, timedelta(days=1), hour=0),
        Every("link_audit", link, timedelta(minutes=1)),
        Every("webhooks", webhook_sending.run, timedelta(minutes=1), queue=OUTWARD),
        Every("files_in", take_in_waiting, timedelta(minutes=1)),  # also begun by whoever confirms a file
        Every("blocks", blocks.deliver, timedelta(minutes=1), queue=PROMPT),
        Every("payments", payments.follow_up, timedelta(minutes=1)),  # what the acquirer has not answered for
        Every("claims_told", insurance_told.tell_everywhere, timedelta(minutes=1)),
        Every("suppliers_told", suppliers_told.tell_everywhere, timedelta(minutes=1), queue=OUTWARD),
        Every("covers", insurance.follow_agreements, timedelta(days=1), hour=1),
        Every("invoices", billing.everywhere, timedelta(days=1), hour=7),
        Every("outbox", outbox.deliver, timedelta(minutes=1)),
        Every("reminders", acting.remind, timedelta(days=1), hour=7),  # to creditors and sites that have not answered
        Every("card_codes", cards.forget, timedelta(minutes=1)),  # nothing of a card that was shown stays
        Every("letters", letters.collect, timedelta(days=1), hour=6),
        Every("files", files.lapse, timedelta(minutes=1)),
        Every("access", recovery.take_effect, timedelta(minutes=15)),  # addresses whose three days have passed
        Every("apps_gone", detect_everywhere, timedelta(minutes=15)),  # an app that was taken off every device
        Every("recipients", send_notices, timedelta(minutes=10)),
        Every("changes", changes.announce, timedelta(hours=1)),  # before the notices are owed (A4)
        Every("handover", confirm_everywhere, timedelta(hours=1), queue=OUTWARD),  # until a backup there holds them
        Every("journal", segments.ship, timedelta(minutes=1)),
        Every("vouchers", release_everywhere, timedelta(minutes=1)),  # before bonus expires: it goes back to its lots
        Every("gift_cards", gift_cards.expire_everywhere, timedelta(days=1), hour=1),
        Every("expiry", expire_everywhere, timedelta(days=1), hour=1),
        Every("bonus_ids", issue_everywhere, timedelta(days=1), hour=1),  # taken over, or parted from another
        Every("warnings", warn_everywhere, timedelta(days=1), hour=8),
        Every("claims", review_everywhere, timedelta(days=1), hour=4),
        Every("profiles", compile_everywhere, timedelta(days=1), hour=3),
        Every("anomalies", raise_suspicions, timedelta(hours=6)),
        Every("left_open", unfinished.close_everywhere, timedelta(days=1), hour=1),  # before it is archived
        Every("retention", retention.run, timedelta(days=1), hour=2),
        Every("population", refresh_everywhere, timedelta(hours=1)),
        Every("asked_for", ask_everywhere, timedelta(days=1), hour=9),  # an e-mail address that we lack
        Every("market_hub", exchange_everywhere, timedelta(minutes=5)),
        Every("campaigns", run_everywhere, timedelta(minutes=1)),
        Every("audiences", follow_everywhere, timedelta(minutes=1)),
        Every("entitlements", partner_feeds.expire, timedelta(days=1), hour=0),
        Every("agreements", agreements.close_lapsed, timedelta(days=1), hour=1),  # after what entitlements ended
        Every("family", family.follow, timedelta(days=1), hour=1),
        Every("entry_lists", competitions.close_everywhere, timedelta(minutes=1)),  # before what was announced is known
        Every("competitions", competitions.follow_everywhere, timedelta(days=1), hour=3),
        Every("reception", reception.end_the_day, timedelta(days=1), hour=0),
        Every("recruitment", recruitment.follow_everywhere, timedelta(days=1), hour=3),
        Every("seminars", seminars.follow_everywhere, timedelta(days=1), hour=3),
        Every("survey_sending", surveys_sending.run_everywhere, timedelta(minutes=1)),
        Every("surveys", surveys.close_everywhere, timedelta(days=1), hour=0),
        Every("visits", add_up_everywhere, timedelta(minutes=5)),
        Every("follow_up", follow_up_releases.release_everywhere, timedelta(days=1), hour=2),
        Every("comparison", comparison.release_everywhere, timedelta(days=1), hour=3),
        Every("breakdown", derived.derive_everywhere, timedelta(days=1), hour=3),
        Every("price_alerts", alerts.price_alerts, timedelta(minutes=10)),
        Every("use_alerts", alerts.use_alerts, timedelta(hours=3)),
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
        if start(job.name):
            started.append(job.name)
    return started


def start(name: str) -> bool:
    """Put one job on the queue; False when it waits there already."""
    try:
        with transaction.atomic():
            run.configure(queue=JOBS[name].queue, queueing_lock=name, lock=name).defer(name=name)
    except exceptions.AlreadyEnqueued:
        return False
    return True


def take_up_again() -> int:
    """Put back what a worker that is gone had begun, so that its lock holds nobody up; how many.

    Every job can be done again: it goes on from what it had committed.
    """
    gone = ProcrastinateWorker.objects.filter(last_heartbeat__lt=clock.now() - GONE).values("id")
    left = ProcrastinateJob.objects.filter(Q(worker=None) | Q(worker__in=gone), status="doing").order_by("id")
    taken = 0
    for job_id, queued in left.values_list("id", "queueing_lock"):
        waits = queued and ProcrastinateJob.objects.filter(queueing_lock=queued, status="todo").exists()
        if waits:  # the same is on the queue: what was left is over
            connector = app.connector.get_sync_connector()
            connector.execute_query(query=sql.queries["finish_job"], job_id=job_id, status="failed", delete_job=True)
        else:
            app.job_manager.retry_job_by_id(job_id, clock.now())
        taken += 1
    return taken


@app.periodic(cron="* * * * *")
@app.task(queue=PROMPT, queueing_lock="dispatch", pass_context=False)
def dispatch(timestamp: int) -> None:
    """Wake every minute and start what is due. `timestamp`: the minute, which the queue passes and nothing needs."""
    take_up_again()
    start_due()


@app.task
def run(name: str) -> None:
    """Run one periodic job to its end and remember that it did."""
    JOBS[name].work()
    LastRun.objects.update_or_create(name=name, defaults={"at": clock.now()})


def work(*, once: bool = False) -> None:
    """Run jobs until stopped, or, with `once`, whatever is due now and then return."""
    if once:
        take_up_again()
        start_due()
    _worker(stay=not once)


def _worker(*, stay: bool) -> None:
    if not stay:
        _own_app().run_worker(wait=False, install_signal_handlers=False, delete_jobs="successful", listen_notify=False)
        return
    first, *others = QUEUES
    with contextlib.ExitStack() as beside:
        for queue in others:
            beside.enter_context(Beside(queue))
        _own_app().run_worker(queues=[first], wait=True, delete_jobs="successful")


def _own_app() -> App:
    # The worker needs LISTEN on a connection of its own, made from the same settings as Django's.
    own = cast(DjangoConnector, app.connector).get_worker_connector()
    return app.with_connector(own)


class Beside:
    """Another worker in a thread of this process, for one queue, as long as the `with` lasts. What it has begun when
    that ends, it finishes.
    """

    def __init__(self, queue: str) -> None:
        self._queue, self._loop = queue, asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"worker-{queue}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(timeout=60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._task = self._loop.create_task(self._serve())
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        except Exception as error:  # noqa: BLE001 (whatever ended this worker ends the other: who watches starts both)
            log.critical("worker ended", queue=self._queue, kind=type(error).__name__)
            os.kill(os.getpid(), signal.SIGTERM)

    async def _serve(self) -> None:
        own = _own_app()
        async with own.open_async():
            await own.run_worker_async(
                queues=[self._queue], wait=True, install_signal_handlers=False, delete_jobs="successful"
            )

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
