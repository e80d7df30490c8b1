"""What the person is written about a request: that it came in, its answer, a decision. In the outbox with the work."""

from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.rights.texts import say
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.messages.operations import send
from tillit.messages.templates import FREE
from tillit.parties.models import Fact

CHANNELS = ("email",)


def address_of(subject_id: int) -> str | None:
    """The person's e-mail address on record, as far as the open scope sees; taken before an erasure takes it."""
    facts = Fact.objects.filter(subject_id=subject_id, kind="email", superseded_at__isnull=True, failed_at__isnull=True)
    return facts.order_by("controller_id").values_list("value", flat=True).first()


def tell(*, scope: Scope, case: Case, address: str | None, about: str, lines: list[str]) -> bool:
    """Write `lines` to the address, in the transaction; whether there is one. The subject names what the letter is
    `about` (`received`, `answered`, `extended` …) and the right.
    """
    declared = current(controller_id=case.controller_id, on=clock.today())
    if address is None or "message" not in declared.category_keys():
        return False
    name = Controller.objects.values_list("name", flat=True).get(pk=case.controller_id)
    right = say(case.language, f"right.{case.fields['right']}")
    subject = say(case.language, f"letter.{about}", name=name, right=right)
    text = "\n\n".join([say(case.language, "letter.hello"), subject + ".", *lines])
    send(
        scope=scope,
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        template=FREE,
        values={"subject": subject, "text": text},
        at=clock.now(),
        channels=CHANNELS,
        language=case.language,
        address=address,
        answering=True,
        case_id=case.id,
    )
    return True
