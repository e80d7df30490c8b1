"""Signing somebody up at the desk (C1): search first, identity seen, and both codes from the person's own devices."""

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tillit.faces import signing_in
from tillit.faces.form_notices import said_on
from tillit.faces.member_web import joining as web
from tillit.faces.staff_web.access import Worker, staff_page, token_for
from tillit.journeys import joining
from tillit.journeys.join import ACTIVITY, Applicant, JoinRefusedError
from tillit.journeys.joining import Codes
from tillit.journeys.reception import IDENTITY_SEEN, desk
from tillit.kernel.identifiers import phone


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def form(request: HttpRequest, worker: Worker) -> HttpResponse:
    """The form; a POST sends the codes, and the codes that the person reads out enrol."""
    if not worker.enrols:
        raise Http404
    if request.method != "POST":
        return _form(request, worker)
    if request.POST.get("pending"):
        return _confirm(request, worker)
    typed = {field: request.POST.get(field, "").strip()[: web.LONGEST] for field in web.FIELDS}
    wrong = joining.faults(controller=worker.site.controller, typed=typed)
    seen = request.POST.get("identity", "")
    if seen not in IDENTITY_SEEN:
        wrong["identity"] = "identity"
    if wrong:
        return _form(request, worker, typed=typed, wrong=wrong)
    applicant, sent = joining.ask(
        controller=worker.site.controller,
        stated=joining.applicant_of(typed),
        network_address=signing_in.network_address(request),
        words=web.words(request, worker.site, "join.desk_sms_text"),
    )
    said = {"consents": request.POST.getlist("consent"), "topics": request.POST.getlist("topic"), "identity": [seen]}
    return _codes(request, worker, web.pack(worker.site, applicant, sent, said), applicant)


def _confirm(request: HttpRequest, worker: Worker) -> HttpResponse:
    site, pending = worker.site, request.POST["pending"]
    try:
        applicant, sent, said = web.unpack(site, pending)
    except signing.BadSignature:
        return _form(request, worker, problem="late")
    try:
        acting = desk(actor=worker.actor, controller=site.controller)
        done = web.joined(
            request, site, applicant, sent, said, route="reception", actor=acting, identity=said["identity"][0]
        )
    except JoinRefusedError as error:
        return _form(request, worker, problem=error.code)
    if done is None:
        return _codes(request, worker, pending, applicant, wrong=True, sent=sent)
    token = token_for(request, worker, ACTIVITY, done.subject_id)
    return render(request, "staff_web/enrolled.html", worker.context(page="enrol", joined=done, token=token))


def _form(
    request: HttpRequest,
    worker: Worker,
    *,
    typed: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    problem: str = "",
) -> HttpResponse:
    offer = web.offered(worker.site)
    context = worker.context(
        page="enrol",
        offer=offer,
        said=said_on(worker.site, "staff_enrol"),
        typed=typed or {},
        wrong=wrong or {},
        problem=problem,
        identities=IDENTITY_SEEN,
        identity=request.POST.get("identity", ""),
        purposes=web.consents_shown(worker.site, offer, request.POST.getlist("consent")),
        topics=request.POST.getlist("topic"),
    )
    return render(request, "staff_web/enrol.html", context, status=422 if wrong or problem else 200)


def _codes(
    request: HttpRequest,
    worker: Worker,
    pending: str,
    applicant: Applicant,
    *,
    wrong: bool = False,
    sent: Codes | None = None,
) -> HttpResponse:
    context = worker.context(
        page="enrol",
        pending=pending,
        email=applicant.email,
        mobile=phone.format_for_reader(applicant.mobile),
        wrong=wrong,
        spent=bool(sent and joining.spent(sent)),
    )
    return render(request, "staff_web/enrol_codes.html", context, status=422 if wrong else 200)
