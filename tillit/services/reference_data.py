"""What services know that is about nobody: issuers, kept by commands."""

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.services.errors import ServiceError
from tillit.services.models import InstrumentKind, Issuer


def keep_issuer(*, controller: Controller, key: str, name: str, kind: str, phone: str, country: str = "NO") -> Issuer:
    """Add an issuer or change what is known of it. Raises `ServiceError` (`issuer-kind`: its kind cannot change),
    `IdentifierError` for the name or phone number.
    """
    if kind not in InstrumentKind.values:
        raise ServiceError("issuer-kind", "an issuer issues cards or subscriptions")
    said = {"name": names.normalise(name), "phone": phones.normalise(phone), "country": country.upper(), "ends": None}
    made, fresh = Issuer.objects.get_or_create(controller=controller, key=key, defaults={"kind": kind, **said})
    if made.kind != kind:
        raise ServiceError("issuer-kind", "what an issuer issues cannot change: give it another key")
    if not fresh:
        for field, value in said.items():
            setattr(made, field, value)
        made.save(update_fields=list(said))
    return made


def end_issuer(*, controller: Controller, key: str) -> bool:
    """It takes no more orders from today on; whether there was one."""
    return bool(Issuer.objects.filter(controller=controller, key=key).update(ends=clock.today()))
