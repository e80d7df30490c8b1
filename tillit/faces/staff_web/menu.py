"""What the console has, as data: each entry a page, for whom, and what waits there. An area adds its line here.

The navigation shows the entries that the worker may open; the desk shows the same as tiles, with what waits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from tillit.declaration.drafts import open_draft
from tillit.faces.member_web.assistance import PATHS
from tillit.faces.staff_web import imports, market_hub, population, services, webhooks
from tillit.faces.staff_web.access import Worker
from tillit.journeys import blocking, complaints, insurance, misuse, payment_desk, payouts, reconciliation, refunds
from tillit.journeys.assistance import SERVICES
from tillit.journeys.assistance import desk as assistance
from tillit.journeys.enquiries import reading as enquiries
from tillit.journeys.files.kinds import open_to
from tillit.journeys.rights import reading
from tillit.journeys.staff_lookup import purposes
from tillit.privacy.breach import queries as breaches
from tillit.privacy.prove.store import last


@dataclass(frozen=True)
class Entry:
    """A page of the console. `page`: what its context calls it; `name`: its address, which takes the controller's key
    and `more`; `title`, `text`: wordings; `waiting`: how much waits for this worker there, counted only on the desk.
    """

    page: str
    name: str
    title: str
    text: str
    may: Callable[[Worker], bool]
    waiting: Callable[[Worker], int] | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An entry for one worker."""

    entry: Entry
    address: str
    waiting: int | None = None


def _may(activity: str) -> Callable[[Worker], bool]:
    return lambda worker: activity in (worker.actor.activities or ())


def _looks_up(worker: Worker) -> bool:
    return bool(purposes(actor=worker.actor, controller=worker.site.controller))


def _programme(may: Callable[[Worker], bool]) -> Callable[[Worker], bool]:
    """The same, where there is a bonus programme: elsewhere the page has nothing."""
    return lambda worker: worker.site.declaration.programme is not None and may(worker)


_reports = _programme(lambda worker: worker.sees_reports)


def _sends_files(worker: Worker) -> bool:
    return bool(open_to(actor=worker.actor, controller=worker.site.controller))


def _requests(worker: Worker) -> int:
    counts = reading.counts(actor=worker.actor, controller=worker.site.controller)
    return int(counts["open"])


def _complaints(worker: Worker) -> int:
    return complaints.count_open(actor=worker.actor, controller=worker.site.controller)


def _bills(worker: Worker) -> int:
    return reconciliation.open_amount(controller=worker.site.controller)


def _blocks(worker: Worker) -> int:
    return blocking.count_open(actor=worker.actor, controller=worker.site.controller)


def _helps(service: str) -> Entry:
    """The queue of a service that is a case."""

    def may(worker: Worker) -> bool:
        declared = worker.site.declaration.activity(service) is not None
        return declared and assistance.may_handle(worker.actor, service)

    def waiting(worker: Worker) -> int:
        return assistance.count_open(actor=worker.actor, controller=worker.site.controller, service=service)

    title, text = f"assistance.service.{service}", f"assistance_desk.tile.{service}"
    return Entry(f"assistance_{service}", "staff_assistance", title, text, may, waiting, (PATHS[service],))


def _insurance(worker: Worker) -> int:
    return insurance.count_open(actor=worker.actor, controller=worker.site.controller)


def _overdue(worker: Worker) -> int:
    return len(payment_desk.open_invoices(actor=worker.actor, controller=worker.site.controller, late=True))


def _payouts(worker: Worker) -> int:
    return payouts.count_waiting(actor=worker.actor, controller=worker.site.controller)


def _pays_out(worker: Worker) -> bool:
    return _may("payouts")(worker) and payouts.offered(controller_id=worker.site.controller.pk)


def _misuse(worker: Worker) -> int:
    return misuse.count_open(actor=worker.actor, controller=worker.site.controller)


def _refunds(worker: Worker) -> int:
    return refunds.count_waiting(controller=worker.site.controller)


def _enquiries(worker: Worker) -> int:
    return enquiries.counts(actor=worker.actor, controller=worker.site.controller)["unanswered"]


def _breaches(worker: Worker) -> int:
    return len(breaches.register(controller_ids=[worker.site.controller.pk]))


def _drafts(worker: Worker) -> int:
    return int(open_draft(controller_id=worker.site.controller.pk) is not None)


def _broken(worker: Worker) -> int:
    run = last(controller_id=worker.site.controller.pk)
    return run.broken if run is not None else 0


ENTRIES: tuple[Entry, ...] = (
    Entry("search", "staff_search", "staff.search", "desk_tiles.search", _looks_up),
    Entry("enrol", "staff_enrol", "enrol.title", "desk_tiles.enrol", lambda worker: worker.enrols),
    Entry(
        "applications", "staff_applications", "application_desk.title", "application_desk.tile", lambda w: w.recruits
    ),
    Entry("reception", "staff_reception", "reception_desk.title", "reception_desk.tile", lambda w: w.receives),
    Entry(
        "requests", "staff_requests", "rights_desk.title", "desk_tiles.requests", lambda w: w.handles_rights, _requests
    ),
    Entry(
        "requests",
        "staff_request_stranger",
        "rights_desk.register",
        "desk_tiles.register",
        lambda worker: worker.takes_requests and not worker.handles_rights,
    ),
    Entry(
        "complaints",
        "staff_complaints",
        "complaint_desk.title",
        "complaint_desk.tile",
        lambda worker: worker.decides_complaints,
        _complaints,
    ),
    Entry(
        "insurance",
        "staff_insurance",
        "insurance_desk.title",
        "insurance_desk.tile",
        _may("insurance_claims"),
        _insurance,
    ),
    Entry(
        "payments", "staff_payments", "payments_desk.title", "payments_desk.tile", _may("service_payments"), _overdue
    ),
    Entry("payouts", "staff_payouts", "payouts_desk.title", "payouts_desk.tile", _pays_out, _payouts),
    Entry("books", "staff_books", "books.title", "books.tile", _may("bookkeeping")),
    Entry("blocking", "staff_blocks", "blocking_desk.title", "blocking_desk.tile", _may("card_blocking"), _blocks),
    *(_helps(service) for service in SERVICES),
    Entry(
        "suppliers",
        "staff_suppliers",
        "suppliers_desk.title",
        "suppliers_desk.tile",
        services.supplies,
        services.suppliers_waiting,
    ),
    Entry("employees", "staff_employees", "employees.title", "employees.tile", lambda w: w.keeps_employees),
    Entry("contacts", "staff_contacts", "contacts.title", "contacts.tile", lambda w: w.keeps_contacts),
    Entry("refunds", "staff_refunds", "refunds.title", "refunds.tile", lambda w: w.settles_refunds, _refunds),
    Entry("value", "staff_value", "value_desk.title", "value_desk.tile", lambda w: w.sees_value),
    Entry("claims", "staff_claims", "claims_desk.title", "claims_desk.tile", lambda w: w.decides_complaints),
    Entry("misuse", "staff_misuse", "misuse_desk.title", "misuse_desk.tile", lambda w: w.judges_misuse, _misuse),
    Entry(
        "enquiries",
        "staff_enquiries",
        "enquiries.desk",
        "enquiries.desk_tile",
        lambda worker: worker.answers_enquiries,
        _enquiries,
    ),
    Entry("benefits", "staff_benefits", "benefit_desk.title", "benefit_desk.tile", lambda w: w.keeps_benefits),
    Entry("holds", "staff_holds", "holds.title", "holds.tile", lambda worker: worker.handles_rights),
    Entry("breaches", "staff_breaches", "desk.title", "desk_tiles.breaches", lambda w: w.handles_breaches, _breaches),
    Entry(
        "declaration",
        "staff_declaration",
        "drafts.title",
        "drafts.tile",
        lambda worker: worker.writes_declaration,
        _drafts,
    ),
    Entry("promises", "staff_promises", "promises.title", "desk_tiles.promises", lambda w: w.sees_proof, _broken),
    Entry("follow_up", "staff_follow_up", "follow_up.title", "follow_up.tile", lambda w: w.follows_members),
    Entry("surveys", "staff_surveys", "survey_desk.title", "survey_desk.tile", lambda w: w.asks),
    Entry(
        "competitions",
        "staff_competitions",
        "competition_desk.title",
        "competition_desk.tile",
        lambda w: w.runs_competitions,
    ),
    Entry("seminars", "staff_seminars", "seminar_desk.title", "seminar_desk.tile", lambda w: w.holds_seminars),
    Entry("visits", "staff_visits", "visits.title", "visits.tile", lambda w: w.sees_visits),
    Entry("campaigns", "staff_campaigns", "campaigns.title", "campaigns.tile", lambda w: w.sends_campaigns),
    Entry("advertising", "staff_advertising", "advertising.title", "advertising.tile", lambda w: w.advertises),
    Entry(
        "population",
        "staff_population",
        "population.title",
        "population.tile",
        lambda w: w.refreshes,
        population.waiting,
    ),
    Entry(
        "market_hub",
        "staff_market_hub",
        "market_hub.title",
        "market_hub.tile",
        lambda w: w.speaks_with_hub,
        market_hub.waiting,
    ),
    Entry("terms", "staff_terms", "terms_desk.title", "terms_desk.tile", lambda w: w.edits_terms),
    Entry("audiences", "staff_audiences", "audience_desk.title", "audience_desk.tile", _programme(lambda w: w.targets)),
    Entry(
        "settlements",
        "staff_settlements",
        "settle_desk.title",
        "settle_desk.tile",
        _programme(lambda w: w.sees_reports),
        _bills,
    ),
    Entry("reports", "staff_reports", "reports.title", "reports.tile", _reports),
    Entry("imports", "staff_imports", "imports.title", "imports.tile", _sends_files, imports.waiting),
    Entry(
        "webhooks", "staff_webhooks", "webhooks.title", "webhooks.tile", lambda w: w.keeps_webhooks, webhooks.waiting
    ),
    Entry("audit", "staff_audit", "trail.title", "desk_tiles.audit", _may("security_log")),
    Entry("assignments", "staff_assignments", "assignments.title", "assignments.tile", lambda w: w.assigns),
    Entry("colleagues", "staff_colleagues", "colleagues.title", "desk_tiles.colleagues", lambda w: w.resets_factors),
)


def entries(worker: Worker) -> list[Shown]:
    """The pages the worker may open, in order."""
    key = worker.site.key
    return [Shown(entry, reverse(entry.name, args=[key, *entry.more])) for entry in ENTRIES if entry.may(worker)]


def desk(worker: Worker) -> list[Shown]:
    """The same with what waits at each."""
    return [
        Shown(shown.entry, shown.address, shown.entry.waiting(worker) if shown.entry.waiting else None)
        for shown in entries(worker)
    ]
