"""Why a row was not taken in. The stored code is stable; the words are for readers and hold no value of the row."""

from tillit.files import reasons
from tillit.files.reasons import Reason

REASONS: dict[str, Reason] = reasons.REASONS | {
    # A field cannot be used.
    "time-unreadable": Reason(
        "Tidspunktet er ikke på formen 2026-03-01T12:30:00+01:00.",
        "The time is not of the form 2026-03-01T12:30:00+01:00.",
    ),
    "time-naive": Reason("Tidspunktet mangler tidssone.", "The time lacks its offset from UTC."),
    "time-too-old": Reason("Kjøpet er eldre enn kilden tar imot.", "The purchase is older than its source may send."),
    "time-future": Reason("Kjøpet ligger fram i tid.", "The purchase is in the future."),
    "unknown-chain": Reason("Kjeden er ikke kjent.", "The chain is not known."),
    "unknown-store": Reason("Butikken er ikke kjent i kjeden.", "The store is not known in the chain."),
    "unknown-product-group": Reason(
        "Varegruppen er ikke kjent i kjeden.", "The product group is not known in the chain."
    ),
    "amount-unreadable": Reason(
        "Beløpet er ikke et tall som 123,45 eller -9.90.", "The amount is not a number like 123.45 or -9,90."
    ),
    "amount-decimals": Reason(
        "Beløpet har flere desimaler enn valutaen.", "The amount has more decimals than its currency."
    ),
    "amount-negative-zero": Reason("Null har ikke fortegn.", "Zero has no sign."),
    "currency-mismatch": Reason("Valutaen er ikke kjedens.", "The currency is not that of the chain."),
    "means-missing": Reason(
        "Raden sier ikke hvem som kjøpte: kort, konto, PAR, eller mobil og e-post sammen.",
        "The row does not say who bought: card, account, PAR, or mobile and e-mail together.",
    ),
    "means-several": Reason("Raden har flere betalingsmidler.", "The row has several means of payment."),
    "card-unreadable": Reason(
        "Kortnummeret holder noe annet enn siffer.", "The card number holds something else than digits."
    ),
    "card-length": Reason(
        "Et kortnummer har 12 til 19 siffer, et kontonummer 11.",
        "A card number has 12 to 19 digits, an account number 11.",
    ),
    "card-checksum": Reason("Kontrollsifferet stemmer ikke.", "The check digit does not agree."),
    "account-unreadable": Reason(
        "Kontonummeret holder noe annet enn siffer.", "The account number holds something else than digits."
    ),
    "account-length": Reason("Et kontonummer har 11 siffer.", "An account number has 11 digits."),
    "account-checksum": Reason("Kontrollsifferet stemmer ikke.", "The check digit does not agree."),
    "par-form": Reason(
        "En betalingskontoreferanse (PAR) har 29 bokstaver og sifre.",
        "A payment account reference (PAR) has 29 letters and digits.",
    ),
    "mobile-unreadable": Reason("Mobilnummeret er ikke gyldig.", "The mobile number is not valid."),
    "email-unreadable": Reason("E-postadressen er ikke gyldig.", "The e-mail address is not valid."),
    "unknown-payment": Reason(
        "Betalingsmåten er verken card eller cash.", "The way of paying is neither card nor cash."
    ),
    "refund-sign": Reason("En retur har negativt beløp.", "A refund has a negative amount."),
    "unknown-event": Reason(
        "Hendelsen er verken purchase eller authorisation.", "The event is neither purchase nor authorisation."
    ),
    "authorisation-sign": Reason(
        "Bare et kjøp kan være reservert eller gjøre opp en reservasjon.",
        "Only a purchase can be authorised, or clear an authorisation.",
    ),
    "authorisation-self": Reason(
        "En reservasjon gjør ikke opp en annen.", "An authorisation does not clear another one."
    ),
    "refund-self": Reason("En retur viser til seg selv.", "A refund refers to itself."),
    # The row clashes with others.
    "id-reused": Reason("Samme id er brukt med annet innhold.", "The same id was used with another content."),
    "posted-by-staff": Reason(
        "Kan være et kjøp som er ført for hånd: samme person, kjede og dag. Forkast raden som ført fra før, eller spill"
        " den av på nytt om det er et annet kjøp.",
        "It may be a purchase that was posted by hand: the same person, chain and day. Discard the row as posted"
        " already, or play it again if it is another purchase.",
    ),
}


def message(code: str, language: str = "en") -> str:
    """The words for a code; the code itself for one of another version."""
    return reasons.message(REASONS, code, language)
