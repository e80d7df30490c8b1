"""Whom a visitor comes to: colleagues at the controller, and telling them (H17). Nothing of it is kept."""

from django.db.models import QuerySet

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.messages.mail import send_unstored
from tillit.messages.templates import Sender, render
from tillit.parties.models import StaffMember


def colleagues(*, controller: Controller) -> QuerySet[StaffMember]:
    """Who works here, by name."""
    here = StaffMember.objects.filter(left__isnull=True, roles__controller=controller, roles__ended__isnull=True)
    return here.distinct().order_by(Ordered("name"), "pk")


def named(*, controller: Controller, text: str) -> StaffMember | None:
    """The colleague with exactly this name, in capitals or not; None for nobody, and for two of the same name."""
    wanted = " ".join(text.split()).casefold()
    found = [one for one in colleagues(controller=controller) if one.name.casefold() == wanted] if wanted else []
    return found[0] if len(found) == 1 else None


def tell(*, controller: Controller, host: StaffMember, badge: int) -> None:
    """Mail the host that somebody waits, by the number of the badge: a name in a mailbox would outlive its period."""
    said = current(controller_id=controller.pk, on=clock.today()).controller
    sender = Sender(said.name, said.email, said.phone, said.web)
    made = render("reception_host", said.languages[0], {"badge": badge}, sender)
    send_unstored(to=host.email, subject=made.subject, text=made.text, sender=said.name)
