"""A sign-up by somebody who is not signed in counts, and takes a place, once it is confirmed from the address (F10).

Nothing is stored until then: what was typed is sealed in the link, for three days. The mail is not kept.
"""

from dataclasses import dataclass
from datetime import timedelta

from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.messages import tokens
from tillit.messages.mail import send_unstored
from tillit.outreach.seminars.links import when
from tillit.outreach.seminars.models import Seminar
from tillit.outreach.seminars.operations import Participant, checked
from tillit.parties import rates
from tillit.parties.rates import Limit

LIVES = timedelta(days=3)
PER_ADDRESS = Limit("seminar_address", 6, timedelta(days=1))
_USE, _LONGEST = "seminar_confirm", 2500


@dataclass(frozen=True)
class Asked:
    """What a link confirms."""

    seminar: Seminar
    who: Participant
    digital: bool
    language: str


def ask(*, seminar: Seminar, who: Participant, digital: bool, language: str, link: str) -> None:
    """Send the link that confirms to the address. `link`: where it leads, with `{token}`. Raises `SeminarError` `name`,
    `email`, `phone`, `closed`, `stage`. Not more than six a day to an address.
    """
    address = checked(seminar=seminar, who=who)
    if not rates.within(PER_ADDRESS, f"{seminar.controller_id}:{address}"):
        return
    moment = int(clock.now().timestamp())
    token = tokens.make(_USE, seminar.pk, moment, int(digital), language, who.name, address, who.phone)
    name = current(controller_id=seminar.controller_id, on=clock.today()).controller.name
    said = seminar.texts.get(language) or next(iter(seminar.texts.values()))
    values = {"title": said["title"], "name": name, "when": when(seminar, language), "link": link.format(token=token)}
    subject, text = _MAIL.get(language, _MAIL["en"])
    send_unstored(to=address, subject=subject.format(**values), text=text.format(**values), sender=name)


def read(*, controller_id: int, token: str) -> Asked | None:
    """What a link confirms; None for one that is none of ours, or too old."""
    match tokens.read(_USE, token, longest=_LONGEST):
        case [int(number), int(moment), int(digital), str(language), str(name), str(email), str(phone)]:
            mine = Seminar.objects.select_related("controller").filter(controller_id=controller_id, pk=number)
            found = mine.first()
            if found is not None and clock.now().timestamp() < moment + LIVES.total_seconds():
                return Asked(found, Participant(name, email, phone), bool(digital), language)
    return None


_MAIL = {
    "nb": (
        "Bekreft påmeldingen: {title}",
        "Noen, trolig du, har meldt denne adressen på {title} ({when}) hos {name}.\n\nBekreft her: {link}\n\n"
        "Lenken gjelder i tre dager, og plassen gis når du bekrefter. Gjør du ingenting, er ingenting lagret.\n",
    ),
    "en": (
        "Confirm your sign-up: {title}",
        "Somebody, probably you, has signed this address up for {title} ({when}) at {name}.\n\nConfirm here: {link}\n\n"
        "The link is good for three days, and the place is given when you confirm. If you do nothing, nothing is "
        "kept.\n",
    ),
}
