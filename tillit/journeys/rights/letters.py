"""Mail to the person about a request: that there is an answer, a decision. It goes when the work is committed."""

from django.db import transaction

from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.journeys.rights.texts import say
from tillit.messages.mail import send_unstored
from tillit.parties.models import Fact


def address_of(subject_id: int) -> str | None:
    """The person's e-mail address on record, as far as the open scope sees; taken before an erasure takes it."""
    facts = Fact.objects.filter(subject_id=subject_id, kind="email", superseded_at__isnull=True, failed_at__isnull=True)
    return facts.order_by("controller_id").values_list("value", flat=True).first()


def tell(*, case: Case, address: str | None, about: str, lines: list[str]) -> bool:
    """Mail `lines` to the address when the transaction is committed; whether there is an address. The greeting names
    what the letter is `about` (`received`, `answered`, `extended` …) and the right.
    """
    if address is None:
        return False
    name = Controller.objects.values_list("name", flat=True).get(pk=case.controller_id)
    language = case.language
    right = say(language, f"right.{case.fields['right']}")
    subject = say(language, f"letter.{about}", name=name, right=right)
    text = "\n\n".join(
        [say(language, "letter.hello"), subject + ".", *lines, say(language, "letter.regards", name=name)]
    )
    transaction.on_commit(lambda: send_unstored(to=address, subject=subject, text=text, sender=name))
    return True
