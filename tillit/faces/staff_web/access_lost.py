"""New sign-in for somebody who has lost e-mail and phone, with staff who have seen who it is (H18)."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tillit.faces import signing_in
from tillit.faces.member_web.lost import letter
from tillit.faces.staff_web.access import Worker, found_by, staff_page
from tillit.faces.templatetags.tillit import language, moment
from tillit.faces.texts import say
from tillit.journeys import new_access
from tillit.journeys.phones import may_confirm
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.scope import ScopeError
from tillit.parties.errors import AlreadyClaimedError, NewAccessRefusedError, NotAssignedError

_SALT, _LIVES = "tillit.new-access", 600


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def show(request: HttpRequest, worker: Worker, token: str) -> HttpResponse:
    """Ask for the new address; a POST sends a code there, and the code read out registers it."""
    activity, subject_id = found_by(request, worker, token)
    controller = worker.site.controller
    if not may_confirm(controller=controller, activity=activity):
        raise Http404
    context = worker.context(token=token, documents=new_access.SEEN, pending=request.POST.get("pending", ""))
    if request.method != "POST":
        return render(request, "staff_web/access_lost.html", context)
    salt = f"{_SALT}:{worker.staff.pk}:{subject_id}"
    try:
        if not context["pending"]:
            seen = request.POST.get("seen", "")
            code_id, address = new_access.ask(
                actor=worker.actor,
                controller=controller,
                activity=activity,
                subject_id=subject_id,
                text=request.POST.get("email", ""),
                seen=seen,
                mail=signing_in.mail(worker.site.name, worker.site.name),
            )
            context["pending"] = signing.dumps([str(code_id), address, seen], salt=salt)
            return render(request, "staff_web/access_lost.html", context)
        code_id, address, seen = signing.loads(context["pending"], salt=salt, max_age=_LIVES)
        done = new_access.confirm(
            actor=worker.actor,
            controller=controller,
            activity=activity,
            subject_id=subject_id,
            code_id=UUID(code_id),
            typed=request.POST.get("code", ""),
            address=address,
            seen=seen,
            said=letter(worker.site),
        )
    except (IdentifierError, signing.BadSignature):
        context |= {"problem": "lost.staff_wrong", "pending": ""}
    except AlreadyClaimedError:
        context |= {"problem": "lost.staff_taken", "pending": ""}
    except NewAccessRefusedError as refused:
        context |= {"problem": f"register.problem.{refused.code.replace('-', '_')}", "pending": ""}
    except (ScopeError, NotAssignedError):
        raise Http404 from None
    else:
        if done is None:
            context |= {"problem": "sign_in.wrong"}
        else:
            said = (
                say(language(), "lost.staff_waits", moment=moment(done.waits))
                if done.waits
                else say(language(), "lost.staff_done")
            )
            messages.success(request, said)
            return redirect("staff_person", controller.key, token)
    return render(request, "staff_web/access_lost.html", context, status=422)
