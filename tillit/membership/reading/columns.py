"""The columns of a union's file, and what unions call them. docs/formats.md and the JSON Schema say the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: whether a file must have it and each row fill it, its longest text, and what unions call it."""

    name: str
    required: bool
    longest: int
    called: tuple[str, ...] = ()


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column(
            "member_number", required=True, longest=20, called=("medlemsnummer", "medlemsnr", "medlnr", "medlemsnr.")
        ),
        Column(
            "national_number",
            required=False,
            longest=20,
            called=("fødselsnummer", "fodselsnummer", "fnr", "personnummer"),
        ),
        Column("given", required=True, longest=200, called=("fornavn", "given_name", "first_name")),
        Column("family", required=True, longest=200, called=("etternavn", "family_name", "last_name")),
        Column("street", required=False, longest=200, called=("adresse", "gateadresse", "postadresse", "address")),
        Column("postal_code", required=False, longest=10, called=("postnummer", "postnr", "postnr.", "zip")),
        Column("city", required=False, longest=100, called=("poststed", "sted")),
        Column("birth_date", required=False, longest=20, called=("fødselsdato", "fodselsdato", "født", "fodt")),
        Column("gender", required=False, longest=10, called=("kjønn", "kjonn", "sex")),
        Column(
            "type",
            required=True,
            longest=120,
            called=("medlemskapstype", "medlemstype", "medlemskap", "membership_type"),
        ),
        Column(
            "joined", required=True, longest=20, called=("innmeldt", "innmeldt_dato", "innmeldingsdato", "medlem_fra")
        ),
        Column("ended", required=False, longest=20, called=("utmeldt", "utmeldt_dato", "utmeldingsdato", "medlem_til")),
        Column(
            "end_reason",
            required=False,
            longest=60,
            called=("utmeldingsårsak", "utmeldingsarsak", "sluttårsak", "sluttarsak"),
        ),
        Column("section", required=False, longest=120, called=("seksjon", "avdeling", "avd", "klubb")),
        Column("workplace", required=False, longest=120, called=("arbeidsplass", "arbeidssted", "bedrift")),
        Column(
            "agreements",
            required=False,
            longest=500,
            called=("avtaler", "forsikringer", "forsikringsavtaler", "kollektive_avtaler"),
        ),
        Column("payer", required=False, longest=20, called=("betaler", "betaler_orgnr", "trekk_orgnr")),
        Column("moved_from", required=False, longest=60, called=("overført_fra", "overfort_fra", "overflyttet_fra")),
        Column("moved_to", required=False, longest=60, called=("overført_til", "overfort_til", "overflyttet_til")),
    )
}
REQUIRED = frozenset(column.name for column in COLUMNS.values() if column.required)
BY_NAME = {name: column.name for column in COLUMNS.values() for name in (column.name, *column.called)}
"""What a column may be called → the column, where the union has not said otherwise."""

GENDERS = {
    "female": "female", "k": "female", "kvinne": "female", "f": "female",
    "male": "male", "m": "male", "mann": "male",
    "other": "other", "x": "other", "annet": "other",
}  # fmt: skip
REASONS_ENDED = {
    "resigned": "resigned", "utmeldt": "resigned", "eget ønske": "resigned",
    "transferred": "transferred", "overført": "transferred", "overflyttet": "transferred",
    "unpaid": "unpaid", "restanse": "unpaid", "skyldig kontingent": "unpaid",
    "excluded": "excluded", "ekskludert": "excluded",
    "died": "died", "død": "died",
    "other": "other", "annet": "other",
}  # fmt: skip
"""What a union writes → why a membership ended (`membership.models.EndReason`)."""
