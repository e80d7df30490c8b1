"""Who is signed in as a supplier: a browser that has shown one of its keys. A key that is revoked ends its sessions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from tillit.benefits.models import Supplier
from tillit.faces.api import keys
from tillit.faces.api.models import ApiClient
from tillit.faces.signing_in import network_address
from tillit.kernel import clock
from tillit.parties.rates import Limit, truncated, within

SESSION = timedelta(hours=12)
TRIES = Limit("supplier-sign-in", 20, timedelta(minutes=15))
_CLIENT, _SINCE = "supplier_key", "supplier_since"


def begin(request: HttpRequest, text: str) -> str:
    """Sign the browser in with a supplier's key; '' when it is, else why not: `key`, `often`."""
    if not within(TRIES, truncated(network_address(request))):
        return "often"
    client = keys.find(text.strip())
    if client is None or client.supplier_id is None:
        return "key"
    logout(request)
    request.session[_CLIENT], request.session[_SINCE] = client.pk, clock.now().isoformat()
    request.session.cycle_key()
    return ""


def client_of(request: HttpRequest) -> ApiClient | None:
    """The key that the browser has shown, within the life of a session, unless it has been revoked."""
    known, since = request.session.get(_CLIENT), request.session.get(_SINCE)
    if not known or not since or clock.now() >= datetime.fromisoformat(since) + SESSION:
        return None
    return ApiClient.objects.select_related("supplier").filter(pk=known, revoked_at=None).first()


def counted(client: ApiClient) -> bool:
    """Count a call of the key, as if by the API; whether it is within those of this minute."""
    return within(Limit("api", client.per_minute, timedelta(minutes=1)), str(client.pk))


def supplier_page(scope: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Make `view(request, client, supplier, …)` a page for keys with the scope; anyone else is asked for one."""

    def decorated(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @never_cache
        @wraps(view)
        def page(request: HttpRequest, **values: object) -> HttpResponse:
            client = client_of(request)
            supplier: Supplier | None = client.supplier if client else None
            if client is None or supplier is None or scope not in client.scopes:
                return redirect(f"{reverse('supplier_sign_in')}?{urlencode({'next': request.path})}")
            return view(request, client, supplier, **values)

        return page

    return decorated
