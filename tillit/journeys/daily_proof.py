"""Every night each promise is held against the running system; the privacy adviser hears of what is broken (H18)."""

import structlog

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.messages import mail
from tillit.privacy.models import ProofRun
from tillit.privacy.prove.run import prove
from tillit.privacy.prove.store import keep
from tillit.privacy.prove.texts import say

log = structlog.get_logger(__name__)


def prove_and_tell() -> list[ProofRun]:
    """Prove everything, keep the result, and raise the alarm where something is broken: in the log, and by mail to the
    privacy adviser. The mail says how many promises, not which: they stand behind a sign-in.
    """
    runs = keep(prove())
    for run in runs:
        if run.broken:
            controller = Controller.objects.get(pk=run.controller_id)
            log.error("promises are broken", controller=controller.key, broken=run.broken)
            _tell(controller, run.broken)
    mail.wait()
    return runs


def _tell(controller: Controller, count: int) -> None:
    declared = current(controller_id=controller.pk, on=clock.today())
    address = declared.controller.privacy_adviser.email or declared.controller.email
    language = declared.controller.languages[0]
    values = {"count": str(count), "controller": controller.name}
    mail.send_unstored(
        to=address,
        subject=say(language, "alarm_subject", **values),
        text=say(language, "alarm_text", **values),
        sender=controller.name,
    )
