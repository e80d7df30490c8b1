"""What we lack and ask the person for (A7): an e-mail address that is missing or dead, a phone number, an address.

Asked on Min side, and only where the declaration lets the person record it there. Whoever has no e-mail address on
record is asked once a year at most by a service message over what there is: SMS, else a letter.
"""

from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties import protection
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Relationship, Subject

TEMPLATE = "contact_asked"
EVERY = timedelta(days=365)
_UNDER = ("customer_administration", "membership_administration", "important_notices")
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


def asks_under(declared: Declaration) -> str:
    """The activity under which the controller may ask by message; '' where its declaration lets none."""
    own = declared.activity("self_service")
    if own is None or not {"contact", "*"} & set(own.records):
        return ""
    for key in _UNDER:
        activity = declared.activity(key)
        if activity is not None and activity.channels and {"message", "*"} & set(activity.records):
            return key
    return ""


def ask_everywhere() -> int:
    """Ask everybody without an e-mail address who was not asked within a year; how many messages were put out.

    In a coalition its holder asks, who keeps the address.
    """
    return sum(_ask(one) for one in Controller.objects.filter(versions__isnull=False).distinct().order_by("id"))


def _ask(controller: Controller) -> int:
    at, declared = clock.now(), current(controller_id=controller.pk, on=clock.today())
    under = asks_under(declared)
    if not under or holder_of(controller_id=controller.pk) != controller.pk:
        return 0
    actor = system("asking", {controller.pk})
    with Scope(actor, under):
        ties = Relationship.objects.filter(controller_id=controller.pk, ended__isnull=True)
        related = set(ties.filter(kind__in=["customer", "member"]).values_list("subject_id", flat=True))
        here = Fact.objects.filter(subject_id__in=related, superseded_at__isnull=True)
        known = set(here.filter(kind="email", failed_at__isnull=True).values_list("subject_id", flat=True))
        told = Message.objects.filter(controller_id=controller.pk, template=TEMPLATE, queued_at__gt=at - EVERY)
        lately = set(told.values_list("subject_id", flat=True))
    free = Subject.objects.filter(pk__in=related - known - lately, state=0, alias_of__isnull=True)
    people = [one for one in free.values_list("id", flat=True).order_by("id") if not known & set(same_person(one))]
    values = {"name": declared.controller.name, "web": declared.controller.web}
    put = send_round(
        actor=actor,
        activity=under,
        controller_id=controller.pk,
        template=TEMPLATE,
        people=dict.fromkeys(people, values),
        at=at,
        key=f"{TEMPLATE}-{clock.local_date(at).isoformat()}",
        channels=("sms", "post"),
    )
    return put.queued + put.shown
