"""Why a row of a union's file was not taken in. Codes are stable; the words hold no value of the row."""

from tillit.files import reasons
from tillit.files.reasons import Reason

REASONS: dict[str, Reason] = reasons.REASONS | {
    "member-number-form": Reason(
        "Medlemsnummeret har andre tegn enn bokstaver, siffer og bindestrek.",
        "The member number has other characters than letters, digits and hyphens.",
    ),
    "national-number-not-digits": Reason(
        "Fødselsnummeret holder noe annet enn siffer.", "The national number holds something else than digits."
    ),
    "national-number-length": Reason("Et fødselsnummer har elleve siffer.", "A national number has eleven digits."),
    "national-number-checksum": Reason(
        "Kontrollsifrene i fødselsnummeret stemmer ikke.", "The check digits of the national number do not agree."
    ),
    "national-number-date": Reason(
        "Fødselsnummeret holder en dato som ikke finnes.", "The national number holds a date that does not exist."
    ),
    "name-digits": Reason(
        "Navnet holder siffer: kolonnene kan være byttet om.", "The name holds digits: columns may be swapped."
    ),
    "postal-code-form": Reason(
        "Postnummeret er ikke fire siffer eller et utenlandsk postnummer.",
        "The postal code is not four digits or a foreign postal code.",
    ),
    "city-digits": Reason(
        "Poststedet er bare siffer: kolonnene kan være byttet om.", "The place is digits only: columns may be swapped."
    ),
    "date-style": Reason(
        "Datoen er skrevet på en annen måte enn resten av filen.", "The date is written another way than in the file."
    ),
    "date-unreadable": Reason("Datoen kan ikke leses.", "The date cannot be read."),
    "date-impossible": Reason(
        "Datoen ligger fram i tid eller for langt tilbake.", "The date is in the future, or too far back."
    ),
    "birth-date-mismatch": Reason(
        "Fødselsdatoen er en annen enn fødselsnummerets.", "The birth date is another than the national number's."
    ),
    "unknown-gender": Reason("Kjønnet er ikke K, M eller X.", "The gender is not F, M or X."),
    "unknown-type": Reason("Forbundet har ikke den medlemskapstypen.", "The union has no such type of membership."),
    "unknown-section": Reason("Forbundet har ikke den seksjonen.", "The union has no such section."),
    "unknown-workplace": Reason("Forbundet har ikke den arbeidsplassen.", "The union has no such workplace."),
    "unknown-agreement": Reason("Forbundet har ikke den avtalen.", "The union has no such agreement."),
    "unknown-end-reason": Reason("Sluttårsaken er ikke kjent.", "The reason for the end is not known."),
    "ended-before-joined": Reason("Medlemskapet slutter før det begynner.", "The membership ends before it begins."),
    "payer-form": Reason("Betaleren er ikke et organisasjonsnummer.", "The payer is no organisation number."),
    # The row clashes with others.
    "member-number-doubled": Reason(
        "Medlemsnummeret står på flere rader i filen.", "The member number stands on several rows of the file."
    ),
    "national-number-doubled": Reason(
        "Fødselsnummeret står på flere rader i filen.", "The national number stands on several rows of the file."
    ),
    "number-of-another": Reason(
        "Medlemsnummeret og fødselsnummeret tilhører to forskjellige.",
        "The member number and the national number belong to two different people.",
    ),
    "other-person": Reason(
        "Medlemsnummeret er i bruk, men fødselsnummer og fødselsdato er en annens.",
        "The member number is in use, but national number and birth date are another's.",
    ),
    "left-since": Reason(
        "Medlemmet har selv sluttet siden: en ny innmelding trenger en ny innmeldingsdato.",
        "The member has left since: joining again needs a new date of joining.",
    ),
}


def message(code: str, language: str = "en") -> str:
    """The words for a code; the code itself for one of another version."""
    return reasons.message(REASONS, code, language)
