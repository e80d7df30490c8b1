"""What we lack and ask the person for (A7): an e-mail address that is missing or dead, a phone number, an address.

Asked on Min side only, and only where the declaration lets the person record it there.
"""

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties import protection
from tillit.parties.merging import same_person
from tillit.parties.models import Fact

ASKED = ("email", "phone", "address.street")


def missing(*, actor: Actor, controller: Controller, subject_id: int) -> list[str]:
    """Kinds of fact the person is asked for, in order; empty where nothing is lacking."""
    declared = current(controller_id=controller.pk, on=clock.today())
    own = declared.activity("self_service")
    if own is None or "contact" not in declared.category_keys() or "contact" not in own.records:
        return []
    with Scope(actor, "self_service", frozenset({subject_id})):
        people = same_person(subject_id)
        rows = Fact.objects.filter(subject_id__in=people, superseded_at__isnull=True, failed_at__isnull=True)
        known = set(rows.values_list("kind", flat=True))
        hidden = protection.stands(subject_id=subject_id) is not None
    return [kind for kind in ASKED if kind not in known and not (hidden and kind.startswith("address."))]
