"""Why a row of meter values cannot be used. The code is stable; the words are for readers and hold no value."""

from tillit.files import reasons
from tillit.files.reasons import Reason

REASONS: dict[str, Reason] = reasons.REASONS | {
    "gsrn": Reason(
        "Målepunkt-ID skal ha 18 sifre, og kontrollsifferet må stemme.",
        "A metering point has 18 digits, and the check digit must fit.",
    ),
    "time": Reason("Tidspunktet kan ikke leses.", "The time cannot be read."),
    "naive": Reason("Tidspunktet mangler tidssone.", "The time lacks its offset."),
    "ambiguous-hour": Reason(
        "Timen finnes to ganger når klokken stilles tilbake, og filen sier ikke hvilken.",
        "The hour comes twice when the clock is set back, and the file does not say which.",
    ),
    "no-such-hour": Reason(
        "Timen finnes ikke når klokken stilles fram.", "There is no such hour when the clock is set forward."
    ),
    "interval": Reason(
        "Perioden skal være én time eller ett kvarter, og begynne på en hel.",
        "The period is an hour or a quarter of one, and begins on a whole one.",
    ),
    "future": Reason("Perioden er ikke over ennå.", "The period is not over yet."),
    "registered-later": Reason(
        "Registreringstidspunktet ligger fram i tid.", "The time of registration is in the future."
    ),
    "out-of-range": Reason("Tidspunktet er utenfor årene vi kjenner.", "The time lies outside the years known."),
    "volume": Reason("Volumet er ikke et tall.", "The volume is no number."),
    "negative": Reason("Volumet er negativt.", "The volume is negative."),
    "precision": Reason("Volumet er ikke et helt antall wattimer.", "The volume is no whole number of watt-hours."),
    "too-large": Reason("Volumet er større enn noe målepunkt har.", "The volume is larger than any point has."),
    "unit": Reason("Enheten er ikke Wh, kWh eller MWh.", "The unit is not Wh, kWh or MWh."),
    "direction": Reason("Retningen er ukjent.", "The direction is not known."),
    "quality": Reason("Kvaliteten er ukjent.", "The quality is not known."),
    "withdrawn": Reason("Verdien er trukket tilbake.", "The value was withdrawn."),
    "no-such-point": Reason("Målepunktet er ikke hos noen kunde.", "No customer has the metering point."),
    "not-supplied": Reason(
        "Målepunktet ble ikke levert under noen avtale den dagen.", "The point was not supplied on the day."
    ),
    "series": Reason("Tidsserien kan ikke leses.", "The time series cannot be read."),
    "too-many": Reason("Tidsserien har flere enn 9 999 verdier.", "The time series has more than 9 999 values."),
}


def message(code: str, language: str = "en") -> str:
    """The words for a code."""
    return reasons.message(REASONS, code, language)
