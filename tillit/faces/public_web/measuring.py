"""Links and the picture of campaigns, in mails to people who said yes to being measured, and in no other (F4).

The link holds where it leads, sealed: nobody can make one that leads elsewhere. Nothing of the caller is looked at.
"""

from base64 import b64decode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tillit.kernel import clock
from tillit.messages import measuring

_NOTHING = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@never_cache
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """On to where the link leads, or the picture of one transparent point. 404 for a link that is none of ours."""
    link = measuring.read(token)
    if link is None:
        raise Http404
    if request.method == "GET":
        measuring.note(link=link, at=clock.now())
    if not link.target:
        return HttpResponse(_NOTHING, content_type="image/gif")
    return HttpResponseRedirect(link.target)
