"""An entry by somebody who is not signed in counts once it is confirmed from the address; the ticket is told (F8).

Nothing is stored until then: what was typed is sealed in the link, for three days. None of these mails is kept.
"""

from dataclasses import astuple, dataclass
from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.messages import tokens
from tillit.messages.mail import send_unstored
from tillit.outreach.competitions.models import Competition
from tillit.parties import rates
from tillit.parties.rates import Limit

LIVES = timedelta(days=3)
PER_ADDRESS = Limit("competition_address", 3, timedelta(days=1))
_USE, _LONGEST = "competition_entry", 4000


@dataclass(frozen=True)
class Entrant:
    """What somebody tells who enters."""

    name: str
    email: str
    phone: str = ""
    address: str = ""
    answer: str = ""


def ask(*, competition: Competition, values: dict[str, str], wording: str, link: str) -> None:
    """Send the link that confirms to the address. `values`: as `entering.checked` gives them. `wording`: digest of what
    the form said. `link`: where it leads, with `{token}`. Not more than three a day to an address.
    """
    who = Entrant(**values)
    if not rates.within(PER_ADDRESS, f"{competition.controller_id}:{who.email}"):
        return
    now = clock.now()
    token = tokens.make(_USE, competition.pk, int(now.timestamp()), wording, *astuple(who))
    _send(competition, who.email, "confirm", link=link.format(token=token))


def read(*, controller_id: int, token: str) -> tuple[Competition, Entrant, str] | None:
    """What a link confirms, and the digest of what the form said; None for one that is none of ours, or too old."""
    match tokens.read(_USE, token, longest=_LONGEST):
        case [int(number), int(moment), str(wording), *told] if (
            clock.now().timestamp() < moment + LIVES.total_seconds()
        ):
            mine = Competition.objects.select_related("controller", "draw").filter(controller_id=controller_id)
            found = mine.filter(pk=number).first()
            return (found, Entrant(*(str(one) for one in told)), wording) if found else None
    return None


def tell_ticket(*, competition: Competition, address: str, ticket: str) -> None:
    """Send the ticket to the address that entered."""
    _send(competition, address, "entered", ticket=ticket)


def _send(competition: Competition, to: str, which: str, **said: str) -> None:
    controller: Controller = competition.controller
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    title = (competition.texts.get(language) or next(iter(competition.texts.values())))["title"]
    subject, text = _MAIL.get(language, _MAIL["en"])[which]
    said |= {"title": title, "name": controller.name}
    send_unstored(to=to, subject=subject.format(**said), text=text.format(**said), sender=controller.name)


_MAIL = {
    "nb": {
        "confirm": (
            "Bekreft at du vil være med: {title}",
            "Noen, trolig du, har meldt denne adressen på konkurransen {title} hos {name}.\n\nSe hva som er oppgitt, "
            "og bekreft her: {link}\n\nLenken gjelder i tre dager. Gjør du ingenting, er ingenting lagret, og du er "
            "ikke med.\n",
        ),
        "entered": (
            "Du er med: {title}",
            "Du er med i konkurransen {title}.\n\nLoddet ditt: {ticket}\n\nNår påmeldingen er over, publiseres "
            "listen over lodd. Der kan du se at ditt er med, og senere gjenta trekningen. Bare vinnerne hører "
            "mer fra oss.\n",
        ),
    },
    "en": {
        "confirm": (
            "Confirm that you want to take part: {title}",
            "Somebody, probably you, has entered this address in the competition {title} of {name}.\n\nSee what was "
            "said and confirm here: {link}\n\nThe link is good for three days. If you do nothing, nothing is stored "
            "and you have not entered.\n",
        ),
        "entered": (
            "You have entered: {title}",
            "You have entered the competition {title}.\n\nYour ticket: {ticket}\n\nWhen entering is over the list of "
            "tickets is published. You can see there that yours is in it, and later repeat the draw. Only winners hear "
            "more from us.\n",
        ),
    },
}
