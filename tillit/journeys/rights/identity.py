"""Who asks? Verified before data goes out (H8): by what staff have seen, or a one-time code to the known address."""

from datetime import timedelta
from uuid import UUID

from tillit.cases import operations, queries
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.journeys.rights import letters
from tillit.journeys.rights.acting import handling
from tillit.journeys.rights.errors import RequestError
from tillit.journeys.rights.receive import SEEN
from tillit.journeys.rights.texts import say
from tillit.journeys.sign_in import TooManyTriesError
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.messages.mail import send_unstored
from tillit.parties import codes
from tillit.parties.rates import Limit, within

PURPOSE = "rights_request"
CODES = Limit("rights_code", 5, timedelta(minutes=15))


def verify(*, actor: Actor, controller: Controller, case_id: int, how: str) -> Case:
    """Record how staff made sure who asks. Raises `RequestError` for a way that is none."""
    if how not in SEEN:
        raise RequestError("verified", f"one of {', '.join(SEEN)}")
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="verified", at=clock.now(), how=how, details={"how": how})
    return case


def send_code(*, actor: Actor, controller: Controller, case_id: int) -> bool:
    """Send a one-time code to the e-mail address on record, to be told back; False when there is no address.

    Raises `TooManyTriesError` after five in a quarter of an hour.
    """
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        address = letters.address_of(case.subject_id)
        if address is None:
            return False
        if not within(CODES, str(case.id)):
            raise TooManyTriesError("too-many-tries", "too many codes; wait a quarter of an hour")
        issued = codes.issue(purpose=PURPOSE, register_id=controller.register_id, subject_id=case.subject_id)
        operations.take(scope=scope, case=case, step="code_sent", at=clock.now(), details={"code": str(issued.id)})
    minutes = int(codes.LIVES.total_seconds() // 60)
    subject = say(case.language, "letter.code", name=controller.name)
    text = say(case.language, "letter.code_text", code=issued.code, minutes=minutes)
    send_unstored(to=address, subject=subject, text=text, sender=controller.name)
    return True


def confirm_code(*, actor: Actor, controller: Controller, case_id: int, typed: str) -> bool:
    """Whether the code told back is the latest one sent; the identity is verified then. Each try counts."""
    with handling(actor=actor, controller=controller, case_id=case_id) as (_, case):
        sent = [entry for entry in queries.entries(case=case) if entry.step == "code_sent"]
    if not sent:
        return False
    row = codes.redeem(code_id=UUID(sent[-1].details["code"]), code=codes.digits(typed), purpose=PURPOSE)
    if row is None or row.subject_id != case.subject_id:
        return False
    with handling(actor=actor, controller=controller, case_id=case_id) as (scope, case):
        operations.take(scope=scope, case=case, step="verified", at=clock.now(), how="code", details={"how": "code"})
    return True
