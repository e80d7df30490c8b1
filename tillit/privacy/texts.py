"""Fixed wording of the answer to an access request, in each language (H1)."""

from tillit.kernel.errors import TillitError

TEXTS = {
    "nb": {
        "title": "Opplysningene dine hos {names}",
        "lead": "Dette er alt som er registrert om deg, hvorfor vi har det, hvor det kommer fra, hvem som får det, og"
        " når det slettes. Du har rett til å få feil rettet, og du kan klage.",
        "why": "Hvorfor vi har det",
        "sources": "Hvor det kommer fra",
        "recipients": "Hvem som kan få det",
        "kept": "Hvor lenge",
        "until": "Siste dag det kan bli slettet",
        "open": "Så lenge forholdet varer",
        "archived": "Ligger i arkivet, som bare åpnes for bestemte formål.",
        "on_hold": "Holdes tilbake på grunn av et krav eller en tvist.",
        "content": "Innhold",
        "rows": "{count} rader. Alle står i datafilene som fulgte med.",
        "readers": "Hvem som har slått opp",
        "reader": "Når, hvem og hvorfor",
        "nobody": "Ingen oppslag er registrert.",
        "security": "Slik beskyttes opplysningene",
        "left_out": "Utelatt",
        "left_out_why": "Disse feltene sier ingenting om deg, eller ville svekket sikkerheten.",
        "contents": "Innhold",
        "page": "side",
        "complaint": "Klage",
    },
    "en": {
        "title": "Your data at {names}",
        "lead": "This is everything registered about you, why we have it, where it comes from, who receives it, and"
        " when it is erased. You have the right to have errors corrected, and you may complain.",
        "why": "Why we have it",
        "sources": "Where it comes from",
        "recipients": "Who may receive it",
        "kept": "How long",
        "until": "The last of it goes on",
        "open": "As long as the relationship lasts",
        "archived": "In the archive, which is opened for stated purposes only.",
        "on_hold": "Kept back because of a claim or dispute.",
        "content": "Content",
        "rows": "{count} rows. All of them are in the data files that came with this.",
        "readers": "Who has looked",
        "reader": "When, who and why",
        "nobody": "No look-ups are registered.",
        "security": "How the data is protected",
        "left_out": "Left out",
        "left_out_why": "These fields say nothing about you, or would weaken the security.",
        "contents": "Contents",
        "page": "page",
        "complaint": "Complaint",
    },
}


def wording(language: str) -> dict[str, str]:
    """The texts of a language; `TillitError` when there are none."""
    try:
        return TEXTS[language]
    except KeyError:
        raise TillitError("no-language", f"there are no texts in '{language}'") from None
