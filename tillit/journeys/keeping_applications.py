"""An applicant agrees that the application is kept for later positions, for the declared time, or takes it back (H16).

The yes is a consent like any other: with its words, on record, provable. The period runs from it; taking it back ends
it, and the application goes with the next run of retention.
"""

from tillit.consent.operations import shown
from tillit.consent.queries import switches
from tillit.declaration.queries import current
from tillit.journeys import choices
from tillit.journeys.consents.words import first_language, script
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, system
from tillit.office.recruitment import keeping
from tillit.office.recruitment.errors import ApplicationError
from tillit.office.recruitment.keeping import POOL, Asked
from tillit.office.recruitment.models import Application

CHANNEL = "email"
_UNDER = "consent_management"


def words(asked: Asked) -> str:
    """What the button says yes to, in the controller's language; '' where nothing is offered."""
    activity = keeping.offered(asked.controller)
    declared = current(controller_id=asked.controller.pk, on=clock.today())
    return script(declared, activity, CHANNEL, first_language(asked.controller)) if activity else ""


def period(asked: Asked) -> IsoPeriod | None:
    """How long the application is kept from a yes, as declared."""
    declared = current(controller_id=asked.controller.pk, on=clock.today())
    rules = (r for r in declared.retention if r.activity == POOL and r.clock == "consent_given")
    return next((IsoPeriod.parse(rule.period) for rule in rules), None)


def standing(asked: Asked) -> bool | None:
    """Whether they have agreed; None where no application of theirs is left."""
    here = {asked.controller.pk}
    with Scope(system("applicant", here), "recruitment", frozenset({asked.subject_id})):
        if not Application.objects.filter(subject_id=asked.subject_id, controller_id=asked.controller.pk).exists():
            return None
    with Scope(system("applicant", here), _UNDER, frozenset({asked.subject_id})):
        known = switches(subject_id=asked.subject_id, controller_id=asked.controller.pk)
    return any(one.on for one in known if one.activity == POOL)


def say(*, asked: Asked, on: bool) -> None:
    """The person who has the link says yes, or takes it back. Raises `ApplicationError` `undeclared`."""
    controller, text = asked.controller, words(asked)
    if not text or standing(asked) is None:
        raise ApplicationError("undeclared", "nothing is kept longer here")
    language = first_language(controller)
    digest = shown(controller_id=controller.pk, text=text, language=language, at=clock.now())
    choices.choose(
        actor=system("applicant", {controller.pk}),
        controller=controller,
        subject_id=asked.subject_id,
        activity=POOL,
        channel=CHANNEL,
        on=on,
        wording=digest,
        route="link",
    )
