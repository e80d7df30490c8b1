"""Who is signed in as staff, for which controller, and the people they have found in this session."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tillit.declaration.drafts import EDITORS
from tillit.declaration.queries import holder_of
from tillit.faces.form_notices import said_on
from tillit.faces.signing_in import is_fresh, signed_in_since
from tillit.faces.site import Site, site_or_404
from tillit.journeys import assigning, cards, offer_audience, refunds, terms_editor, value_desk
from tillit.journeys.consents import desk as consents
from tillit.journeys.consents import proving
from tillit.journeys.enquiries.acting import may_handle as answers
from tillit.journeys.merging import UNDER
from tillit.journeys.rights.acting import may_handle, may_receive
from tillit.journeys.staff_sign_in import MAY_RESET
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.outreach.audiences.queries import networks
from tillit.outreach.campaigns import queries as campaigns
from tillit.parties import found
from tillit.parties.actors import staff_actor
from tillit.parties.errors import NotStaffError
from tillit.parties.models import StaffMember
from tillit.parties.queries import active_roles
from tillit.power.hub.operations import promised as hub_promised
from tillit.registers.sources import POPULATION, grounded

SESSION = timedelta(hours=8)
_BROWSER = "browser"


MERGES_UNDER = frozenset(UNDER)


@dataclass(frozen=True)
class Worker:
    """A member of staff at one controller."""

    site: Site
    staff: StaffMember
    actor: Actor

    @property
    def handles_rights(self) -> bool:
        """Whether they handle requests about rights here."""
        return may_handle(self.actor, self.site.controller)

    @property
    def sees_proof(self) -> bool:
        """Whether their role may see how the promises are kept."""
        return self.actor.activities is None or "proof" in self.actor.activities

    @property
    def sees_reports(self) -> bool:
        """Whether their role may see the programme's figures."""
        return self.actor.activities is None or "programme_reports" in self.actor.activities

    @property
    def takes_requests(self) -> bool:
        """Whether they may take requests in here."""
        return may_receive(self.actor, self.site.controller)

    @property
    def answers_enquiries(self) -> bool:
        """Whether they answer enquiries here."""
        return answers(self.actor, self.site.controller)

    @property
    def enrols(self) -> bool:
        """Whether they enrol people here."""
        return "membership_administration" in (self.actor.activities or ()) and bool(said_on(self.site, "staff_enrol"))

    @property
    def decides_complaints(self) -> bool:
        """Whether they decide complaints of bonus here."""
        may = "bonus_correction" in (self.actor.activities or ())
        return may and self.site.declaration.activity("bonus_correction") is not None

    @property
    def judges_misuse(self) -> bool:
        """Whether they judge signs of misuse here."""
        may = "abuse_control" in (self.actor.activities or ())
        return may and self.site.declaration.activity("abuse_control") is not None

    @property
    def edits_terms(self) -> bool:
        """Whether they change the rates and offers of the chains here."""
        return terms_editor.may_edit(actor=self.actor, controller=self.site.controller)

    @property
    def targets(self) -> bool:
        """Whether they make offers to an audience here."""
        return offer_audience.may_target(actor=self.actor, controller=self.site.controller)

    @property
    def sees_value(self) -> bool:
        """Whether they see what stands behind the code of a voucher or gift card here."""
        return self.site.declaration.programme is not None and value_desk.may_look(actor=self.actor)

    @property
    def keeps_webhooks(self) -> bool:
        """Whether they see what could not be delivered to partners."""
        controller = self.site.controller.pk
        holds = holder_of(controller_id=controller) == controller
        return holds and "security_log" in (self.actor.activities or ())

    @property
    def keeps_benefits(self) -> bool:
        """Whether they keep the catalogue of benefits here."""
        return self.site.has_benefits and "membership_administration" in (self.actor.activities or ())

    @property
    def keeps_register(self) -> bool:
        """Whether they keep the register of people here, and so may merge two registrations."""
        return not MERGES_UNDER.isdisjoint(self.actor.activities or ())

    @property
    def refreshes(self) -> bool:
        """Whether they keep a register here that is checked against the population register."""
        return self.keeps_register and grounded(self.site.declaration, POPULATION)

    @property
    def advertises(self) -> bool:
        """Whether they keep audiences for advertising here, where the controller has approved it."""
        return "advertising" in (self.actor.activities or ()) and bool(networks(self.site.declaration))

    @property
    def records_consents(self) -> bool:
        """Whether they record what people say yes and no to."""
        return consents.may(self.actor)

    @property
    def proves_consents(self) -> bool:
        """Whether they answer who claims never to have agreed."""
        return proving.may(self.actor)

    @property
    def sends_campaigns(self) -> bool:
        """Whether they send newsletters and campaigns here."""
        return bool(campaigns.activities(actor=self.actor, controller=self.site.controller))

    @property
    def follows_members(self) -> bool:
        """Whether they follow the members here, in figures."""
        may = "membership_administration" in (self.actor.activities or ())
        return may and self.site.declaration.activity("statistics") is not None

    @property
    def asks(self) -> bool:
        """Whether they make surveys here."""
        return "surveys" in (self.actor.activities or ()) and self.site.declaration.activity("surveys") is not None

    @property
    def runs_competitions(self) -> bool:
        """Whether they run competitions here."""
        may = "competitions" in (self.actor.activities or ())
        return may and self.site.declaration.activity("competitions") is not None

    @property
    def holds_seminars(self) -> bool:
        """Whether they hold seminars here."""
        return "seminars" in (self.actor.activities or ()) and self.site.declaration.activity("seminars") is not None

    @property
    def receives(self) -> bool:
        """Whether they receive visitors here."""
        return "reception" in (self.actor.activities or ()) and self.site.declaration.activity("reception") is not None

    @property
    def recruits(self) -> bool:
        """Whether they work with applications for work here."""
        declared = self.site.declaration.activity("recruitment") is not None
        return declared and "recruitment" in (self.actor.activities or ())

    @property
    def keeps_employees(self) -> bool:
        """Whether they work with payroll and personnel here."""
        declared = self.site.declaration.activity("employment") is not None
        return declared and "employment" in (self.actor.activities or ())

    @property
    def keeps_contacts(self) -> bool:
        """Whether they keep the contacts at suppliers and partners here."""
        declared = self.site.declaration.activity("supplier_contact") is not None
        return declared and "supplier_contact" in (self.actor.activities or ())

    @property
    def sees_visits(self) -> bool:
        """Whether they see the visit statistics here."""
        may = "visit_statistics" in (self.actor.activities or ())
        return may and self.site.declaration.visit_statistics is not None

    @property
    def keeps_cards(self) -> bool:
        """Whether they register people's cards here."""
        may = "bonus_earning" in (self.actor.activities or ())
        return may and cards.offered(controller=self.site.controller)

    @property
    def supplies_power(self) -> bool:
        """Whether they register points, contracts and switches of supplier here."""
        return self.site.has_power and "power_supply" in (self.actor.activities or ())

    @property
    def speaks_with_hub(self) -> bool:
        """Whether they follow switches over the power market's hub here."""
        return self.supplies_power and bool(hub_promised(self.site.declaration))

    @property
    def handles_breaches(self) -> bool:
        """Whether they handle breaches here."""
        return "breach_handling" in (self.actor.activities or ())

    @property
    def resets_factors(self) -> bool:
        """Whether they may reset a colleague's second factor here."""
        roles = active_roles(staff=self.staff)
        return any(role.controller_id == self.site.controller.pk and role.role in MAY_RESET for role in roles)

    @property
    def assigns(self) -> bool:
        """Whether they say here who is assigned to which colleague."""
        return assigning.may(actor=self.actor, controller=self.site.controller)

    @property
    def writes_declaration(self) -> bool:
        """Whether they write and publish the declaration here."""
        roles = active_roles(staff=self.staff)
        return any(role.controller_id == self.site.controller.pk and role.role in EDITORS for role in roles)

    @property
    def settles_refunds(self) -> bool:
        """Whether they decide about refunds that wait here."""
        return refunds.may_settle(actor=self.actor, controller=self.site.controller)

    def context(self, **values: Any) -> dict[str, Any]:
        """Context of a page of the console."""
        return {"site": self.site, "worker": self, "section": "staff", "menu": self._menu, **values}

    def _menu(self) -> list[Any]:
        """The pages they may open. Asked by the template, so that a file or a form's target costs nothing."""
        from tillit.faces.staff_web.menu import entries  # noqa: PLC0415 (the menu asks the worker)

        return entries(self)


def staff_of(request: HttpRequest) -> StaffMember | None:
    """The member of staff signed in in this browser, within the life of a session."""
    login = request.user
    if not login.is_authenticated or login.register_id is not None:
        return None
    since = signed_in_since(request)
    if since is None or clock.now() >= since + SESSION:
        logout(request)
        return None
    return StaffMember.objects.filter(login_id=login.pk, left__isnull=True).first()


def staff_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make `view(request, worker, …)` a page of the console at one controller; who has no role there finds nothing."""

    @never_cache
    @wraps(view)
    def page(request: HttpRequest, controller: str, **values: Any) -> HttpResponse:
        staff = staff_of(request)
        if staff is None:
            return redirect("staff_sign_in")
        site = site_or_404(controller)
        try:
            actor = staff_actor(staff=staff, controller=site.controller)
        except NotStaffError:
            raise Http404 from None
        return view(request, Worker(site, staff, actor), **values)

    return page


def token_for(request: HttpRequest, worker: Worker, activity: str, subject_id: int) -> str:
    """A token of this session for a person found at the worker's controller for a purpose."""
    browser = request.session.setdefault(_BROWSER, uuid4().hex)
    return found.token_of(
        login_id=worker.staff.login_id,
        browser=UUID(browser),
        controller_id=worker.site.controller.pk,
        activity=activity,
        subject_id=subject_id,
    )


def found_by(request: HttpRequest, worker: Worker, token: str) -> tuple[str, int]:
    """(purpose, subject) behind a token of this session at the worker's controller; 404 for any other."""
    browser = request.session.get(_BROWSER)
    entry = browser and found.found_by(
        login_id=worker.staff.login_id,
        browser=UUID(browser),
        controller_id=worker.site.controller.pk,
        token=token,
    )
    if not entry:
        raise Http404
    return entry


def to_factor(request: HttpRequest) -> HttpResponse:
    """The page where a factor is shown again, and back to this one."""
    return redirect(f"{reverse('staff_factor')}?{urlencode({'next': request.path})}")


def fresh_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the console for a sensitive act: whoever showed a factor too long ago shows one again.

    Ask before the form, so that nothing typed is lost: a POST that comes too late is sent to the factor, too.
    """

    @wraps(view)
    def page(request: HttpRequest, worker: Worker, **values: Any) -> HttpResponse:
        if not is_fresh(request):
            return to_factor(request)
        return view(request, worker, **values)

    return staff_page(page)
