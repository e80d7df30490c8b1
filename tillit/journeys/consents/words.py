"""What is read aloud or shown where a person chooses elsewhere than on their own pages (GDPR 7(1), (3))."""

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock

_SCRIPT = {
    "nb": "{name} spør om du sier ja til dette: {purpose} Kanal: {channel}. Det er frivillig, og du kan når som helst "
    "ombestemme deg, med lenken i hver melding, på Min side eller ved å si fra til oss. Sier du ja?",
    "en": "{name} asks whether you agree to this: {purpose} Channel: {channel}. It is voluntary, and you can change "
    "your mind at any time, with the link in every message, on Min side or by telling us. Do you agree?",
}


def script(declaration: Declaration, activity: Activity, channel: str, language: str) -> str:
    """What is read to the person, word for word, before the answer is recorded."""
    purpose = (activity.purpose.get(language) or next(iter(activity.purpose.values()))).strip()
    said = _SCRIPT.get(language, _SCRIPT["en"])
    return said.format(
        name=declaration.controller.name,
        purpose=purpose if purpose.endswith((".", "!", "?")) else f"{purpose}.",
        channel=channel_name(channel, language),
    )


def channel_name(channel: str, language: str) -> str:
    """The channel in words."""
    return vocabulary().channels[channel].name(language) if channel else "–"


def first_language(controller: Controller) -> str:
    """The language the controller writes in."""
    return current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
