"""Every address of the site. Each face adds one line."""

from django.urls import URLPattern, URLResolver, include, path

from tillit.faces import site  # noqa: F401 (it registers `<controller:…>`)
from tillit.faces.api import oauth
from tillit.faces.gateway import acquirer, handover
from tillit.faces.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health, name="health"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth_metadata"),
    path("api/", include("tillit.faces.api.urls")),
    path("sms/", include("tillit.faces.gateway.urls")),
    path("acquirer/<controller:controller>/", acquirer.report, name="acquirer_report"),
    path("handover/in", handover.come_in, name="handover_in"),
    path("staff/", include("tillit.faces.staff_web.urls")),
    path("", include("tillit.faces.supplier_web.urls")),
    path("", include("tillit.faces.member_web.urls")),
    path("", include("tillit.faces.public_web.urls")),
]

handler400 = "tillit.faces.errors.bad_request"
handler403 = "tillit.faces.errors.forbidden"
handler404 = "tillit.faces.errors.not_found"
handler500 = "tillit.faces.errors.server_error"
