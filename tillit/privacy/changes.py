"""Telling people of material changes ahead of the day they take effect (A4).

A version that is material is announced from the moment it is published: everybody who is related to the controller gets
one message, over the ways the standing declaration names, else on Min side; once a person and version, however often
this runs, and whoever joins meanwhile is told too. The visible notice stands on the statement's page by itself. Where
no activity for important notices is declared, it is the only one.
"""

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.queries import current, holder_of, to_accept
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties.models import Relationship

ACTIVITY = "important_notices"
TEMPLATE, TO_ACCEPT = "changed_terms", "changed_terms_to_accept"


@dataclass(frozen=True)
class Announced:
    """What a run put out for one coming version: messages on their way, and those shown on Min side only."""

    controller: str
    version: int
    queued: int
    shown: int


def coming(*, controller_id: int, on: date) -> list[DeclarationVersion]:
    """Material versions that are published and not in effect yet, the first to come first."""
    found = DeclarationVersion.objects.filter(controller_id=controller_id, material=True, effective__gt=on)
    return list(found.defer("document", "source_text").order_by("number"))


def key_of(version: DeclarationVersion) -> str:
    """What makes the message about a version one of a kind."""
    return f"terms-{version.number}"


def announce() -> list[Announced]:
    """Tell everybody who has not been told yet, of every coming material version of every controller."""
    done, today = [], clock.today()
    for controller in Controller.objects.order_by("id"):
        for version in coming(controller_id=controller.pk, on=today):
            declared = current(controller_id=controller.pk, on=today)
            if declared.activity(ACTIVITY) is not None:
                done.append(_announce(controller, version, declared))
    return done


def _announce(controller: Controller, version: DeclarationVersion, declared: Declaration) -> Announced:
    acting = system("changes", {controller.pk, holder_of(controller_id=controller.pk)})
    language = declared.controller.languages[0]
    values = {
        "name": declared.controller.name,
        "day": format_date(version.effective, "long", locale=language),
        "web": declared.controller.web,
        "how": declared.changes.text[language],
    }
    wanted = [way for way in declared.changes.material_by if way in {"email", "sms", "app"}]
    asked = {one.number for one in to_accept(controller_id=controller.pk)}
    template = TO_ACCEPT if version.number in asked else TEMPLATE
    with Scope(acting, ACTIVITY):
        people = untold(controller_id=controller.pk, version=version)
    put = send_round(
        actor=acting,
        activity=ACTIVITY,
        controller_id=controller.pk,
        template=template,
        people=dict.fromkeys(people, values),
        at=clock.now(),
        key=key_of(version),
        channels=wanted,
        language=language,
    )
    return Announced(controller.key, version.number, put.queued, put.shown)


def untold(*, controller_id: int, version: DeclarationVersion) -> list[int]:
    """Who is related to the controller and has no message about the version. Within an open scope."""
    related = Relationship.objects.filter(controller_id=controller_id, ended__isnull=True)
    told = Message.objects.filter(controller_id=controller_id, key=key_of(version)).values("subject_id")
    people = related.exclude(subject_id__in=told).order_by("subject_id").values_list("subject_id", flat=True)
    return list(people.distinct())
