"""The controller a page belongs to, with the declaration it renders from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import Http404, HttpRequest
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.utils.http import url_has_allowed_host_and_scheme

from tillit.declaration.errors import NotDeclaredError
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.queries import current_version, version_declaration
from tillit.declaration.schema import Declaration
from tillit.faces import look
from tillit.faces.beacon import wanted
from tillit.faces.templatetags.tillit import language
from tillit.kernel import clock


class ControllerKey(StringConverter):
    """A controller's key as declared; never a part of an address that the site itself uses."""

    regex = r"(?!(?:staff|static|health|language|look|api|sms|m|n|u|card|supplier)/)[a-z][a-z0-9_]*"


def counts_visits(request: HttpRequest) -> bool:
    """Whether pages tell by themselves that they were viewed, and this visitor may be counted (G3)."""
    return bool(settings.VISITS == "beacon" and wanted(request.META))


def own_page(target: str, *, below: str = "/") -> str:
    """`target` where it is a path of ours that begins with `below`; empty for whatever leads elsewhere (H18)."""
    return target if target.startswith(below) and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else ""


register_converter(ControllerKey, "controller")


@dataclass(frozen=True)
class Site:
    """One controller's pages."""

    controller: Controller

    @cached_property
    def version(self) -> DeclarationVersion:
        """The version in effect today."""
        return current_version(controller_id=self.controller.pk, on=clock.today())

    @cached_property
    def declaration(self) -> Declaration:
        """The declaration in effect today."""
        return version_declaration(self.version)

    @property
    def key(self) -> str:
        """The controller's key, which is the first part of its addresses."""
        return self.controller.key

    @property
    def name(self) -> str:
        """The controller's name."""
        return self.controller.name

    @property
    def accent(self) -> str:
        """The name of its accent colour."""
        return look.accent_for(self.controller.key)

    @property
    def has_app(self) -> bool:
        """Whether the controller declares an app: what it asks of a device, and why."""
        return bool(self.declaration.device_permissions)

    @property
    def has_card(self) -> bool:
        """Whether the controller issues electronic membership cards."""
        return self.declaration.activity("membership_card") is not None

    @property
    def has_benefits(self) -> bool:
        """Whether members are shown benefits, and may order them."""
        return self.declaration.activity("benefit_delivery") is not None

    @property
    def has_services(self) -> bool:
        """Whether people have services through the controller, that they order and end."""
        return self.declaration.activity("service_delivery") is not None

    @property
    def has_family(self) -> bool:
        """Whether a service may help the family of whoever has it."""
        return self.declaration.activity("family_services") is not None

    @property
    def has_blocking(self) -> bool:
        """Whether people block cards and subscriptions through the controller."""
        return self.declaration.activity("card_blocking") is not None

    @property
    def has_power(self) -> bool:
        """Whether people have metering points here."""
        return self.declaration.activity("power_supply") is not None

    @property
    def has_payments(self) -> bool:
        """Whether people pay the controller for services or single purchases."""
        said = self.declaration
        return bool(said.activity("service_payments") or said.activity("one_off_transactions"))

    @property
    def has_insurance(self) -> bool:
        """Whether the controller's customers may be insured and claim."""
        own = self.declaration.activity("self_service")
        return own is not None and "insurance_claim" in own.records

    @property
    def has_own_insurances(self) -> bool:
        """Whether the controller's members are covered by agreements for groups."""
        own = self.declaration.activity("register_import")
        return own is not None and "insurance_agreement" in own.records

    @property
    def has_assistance(self) -> bool:
        """Whether the controller helps in cases (identity, the web, bookings) or registers objects."""
        services = ("id_protection", "web_cleanup", "concierge", "object_registration")
        return any(self.declaration.activity(one) is not None for one in services)

    @property
    def has_bonus(self) -> bool:
        """Whether Min side has a balance to show."""
        return self.declaration.programme is not None


def site_or_404(key: str) -> Site:
    """The site of a controller that has published a declaration."""
    controller = Controller.objects.filter(key=key).first()
    if controller is None:
        raise Http404
    site = Site(controller)
    try:
        site.version  # noqa: B018 (asked so that it is known to be there)
    except NotDeclaredError:
        raise Http404 from None
    return site


_COLOURS = {"success": "success", "error": "danger", "warning": "warning"}


def _told(request: HttpRequest) -> list[tuple[str, str]]:
    """What the last form led to: (colour, text). Read once; nothing is read for a visitor without a session."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "session"):
        return []
    return [(_COLOURS.get(message.level_tag, "info"), str(message)) for message in get_messages(request)]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: the reader's language and the languages there are."""
    from tillit.faces.texts import languages, say  # noqa: PLC0415 (read when the first page is)

    spoken = language()
    choices = [(code, say(code, "language.name")) for code in languages()]
    return {
        "language": spoken,
        "languages": choices,
        "here": request.path,
        "counts_visits": counts_visits(request),
        "told": lambda: _told(request),
    }
