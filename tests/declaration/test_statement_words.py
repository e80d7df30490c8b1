"""Declared values in words: the same sentences on the statement and on Min side (A3)."""

from datetime import UTC, date, datetime

import pytest

from tests.declaration.wrong import FIXTURE
from tillit.declaration.loader import load
from tillit.declaration.schema import Retention
from tillit.declaration.statement import build
from tillit.declaration.statement.parts.rights import VersionLine
from tillit.declaration.statement.text import render_text
from tillit.declaration.statement.wording import Words, retention_words, sentence


def rule(**changes: object) -> Retention:
    """A retention rule with the given differences."""
    given = {
        "key": "r",
        "activity": "bookkeeping",
        "category": "purchase",
        "clock": "relationship_ended",
        "period": "P3M",
        "ground": {"nb": "x", "en": "x"},
    }
    return Retention.model_validate(given | changes)


SENTENCES = [
    (
        {},
        "slettes 3 måneder etter at kundeforholdet eller medlemskapet tok slutt",
        "erased 3 months after the relationship ended",
    ),
    (
        {"clock": "fiscal_year_end(paid)", "period": "P5Y", "rule": "minimum", "disposal": "anonymise"},
        "oppbevares fordi loven krever det, og anonymiseres 5 år etter utgangen av regnskapsåret da betalingen ble "
        "utført",
        "kept because the law requires it, and anonymised 5 years after the end of the financial year in which the "
        "payment was made",
    ),
    (
        {"clock": "year_end(refused)", "period": "P7Y"},
        "slettes 7 år etter utgangen av året da avslaget ble gitt",
        "erased 7 years after the end of the year in which the refusal was given",
    ),
    (
        {"clock": "sent", "period": "P3Y", "rule": "ceiling"},
        "slettes senest 3 år etter at meldingen ble sendt, også mens kundeforholdet varer",
        "erased at the latest 3 years after the message was sent, even while you are a customer",
    ),
    (
        {"period": "P0D", "disposal": "archive"},
        "flyttes til arkivet straks etter at kundeforholdet eller medlemskapet tok slutt",
        "moved to the archive immediately after the relationship ended",
    ),
    (
        {"clock": "last_marketing_message", "period": "P3Y", "disposal": "pseudonymise"},
        "skilles fra identiteten din 3 år etter at den siste meldingen med markedsføring ble sendt",
        "separated from your identity 3 years after the last marketing message was sent",
    ),
    (
        {"clock": "year_end(paid)", "period": "P0D"},
        "slettes ved utgangen av året da betalingen ble utført",
        "erased at the end of the year in which the payment was made",
    ),
    (
        {"clock": "linked_data_gone", "period": "P0D", "kept_with": ["paid_claim", "id_case"]},
        "oppbevares så lenge vi har Utbetalte forsikringskrav og ID-saker, og slettes når vi ikke lenger har det",
        "kept as long as we have Paid insurance claims and Identity protection cases, and erased when we no longer do",
    ),
    (
        {"period": "P1Y6M", "only_kinds": ["email", "sms"]},
        "slettes 1 år, 6 måneder etter at kundeforholdet eller medlemskapet tok slutt (gjelder bare: email, sms)",
        "erased 1 year, 6 months after the relationship ended (applies only to: email, sms)",
    ),
]


@pytest.mark.parametrize(("changes", "nb", "en"), SENTENCES, ids=[row[1][:40] for row in SENTENCES])
def test_a3_a_retention_rule_reads_the_same_everywhere(changes: dict[str, object], nb: str, en: str):
    assert retention_words(rule(**changes), "nb") == nb
    assert retention_words(rule(**changes), "en") == en


def test_a3_a_rule_for_somebody_else_names_whom():
    declaration, _ = load(FIXTURE)
    kept = next(item for item in declaration.retention if item.on_behalf_of)
    assert retention_words(kept, "nb", declaration=declaration).endswith("på vegne av Tryggstad Forsikring")
    assert retention_words(kept, "nb").endswith("på vegne av trygg_havn")


def test_a3_dates_countries_and_lists_read_as_the_language_writes_them():
    declaration, _ = load(FIXTURE)
    nb, en = Words(declaration, "nb"), Words(declaration, "en")
    assert (nb.date(declaration.effective), en.date(declaration.effective)) == (
        "1. september 2026",
        "1 September 2026",
    )
    assert (nb.country("US"), en.country("US")) == ("USA", "United States")
    assert (nb.country("*"), en.country("*")) == ("alle land utenfor EØS", "every country outside the EEA")
    assert nb.either(["medlem", "kunde", "besøkende"]) == "medlem, kunde eller besøkende"
    assert sentence("slettes straks") == "Slettes straks."
    assert sentence("Er det så?") == "Er det så?"


def test_a3_a_version_published_after_midnight_is_of_that_day():
    late = VersionLine(1, datetime(2026, 5, 1, 22, 30, tzinfo=UTC), date(2026, 9, 1), material=False)
    said = render_text(build.statement(load(FIXTURE)[0], "en", versions=[late], number=1))
    assert said.count("2 May 2026") == 2, "at the head and in the history"
    assert "1 May 2026" not in said
