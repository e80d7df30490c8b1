"""Declared values as words in one language: periods, dates, countries, clocks, retention rules (A3).

`retention_words` is what a member's own page uses too, so that statement and Min side never differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import get_currency_name

from tillit.declaration.clocks import Clock
from tillit.declaration.countries import country_name
from tillit.declaration.schema import Archive, Declaration, Retention
from tillit.declaration.statement.texts import text, texts, word
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.periods import IsoPeriod


@dataclass(frozen=True)
class Words:
    """The words of one declaration in one language. `names`: keys of other controllers → their names."""

    declaration: Declaration
    language: str
    names: tuple[tuple[str, str], ...] = ()

    def __call__(self, key: str, /, **values: str) -> str:
        """The fixed text `key`."""
        return text(self.language, key, **values)

    def label(self, name: str) -> str:
        """The name of a key of the schema; a key that a controller chose (a cookie purpose) is its own name."""
        return texts(self.language).get(f"labels.{name}", name)

    def of(self, localised: dict[str, str] | None) -> str:
        """A declared text in this language, or the empty text where nothing is declared."""
        if localised is None:
            return ""
        return localised[self.language].strip()

    def word(self, kind: str, key: str) -> str:
        """A vocabulary word."""
        return word(self.language, kind, key)

    def words(self, kind: str, keys: Iterable[str]) -> tuple[str, ...]:
        """Vocabulary words; `*` among the categories is every declared one."""
        return tuple(self("value.all_categories") if key == "*" else self.word(kind, key) for key in keys)

    def ground(self, key: str) -> str:
        """A legal basis with its article."""
        article = vocabulary().grounds[key].article
        return self("activities.ground", ground=self.word("grounds", key), article=article)

    def listing(self, parts: Iterable[str]) -> str:
        """`a, b og c`."""
        return str(format_list(list(parts), locale=self.locale))

    def either(self, parts: Iterable[str]) -> str:
        """`a, b eller c`."""
        return str(format_list(list(parts), style="or", locale=self.locale))

    def language_name(self, code: str) -> str:
        """`nb` as `norsk bokmål`, in this language."""
        return Locale.parse(_locale(code)).get_display_name(self.locale) or code

    def yes(self, value: bool) -> str:  # noqa: FBT001 (the value is what is said)
        """Ja or nei."""
        return self("value.yes" if value else "value.no")

    def period(self, iso: str) -> str:
        """`P3M` as `3 måneder`."""
        return IsoPeriod.parse(iso).describe(self.locale)

    def date(self, day: date) -> str:
        """`5. juni 2014`; an English reader in Europe puts the day first too."""
        return str(format_date(day, format="long", locale="en_GB" if self.locale == "en" else self.locale))

    def country(self, code: str) -> str:
        """The name of a country; `*` is every country outside the EEA."""
        return self("value.everywhere") if code == "*" else country_name(code, self.locale)

    def currency(self, code: str) -> str:
        """`norske kroner (NOK)`."""
        return f"{get_currency_name(code, locale=self.locale)} ({code})"

    def party(self, key: str | None) -> str:
        """The name of a recipient, processor or controller; its key where nothing by that key is known."""
        declared = self.declaration
        known = dict(self.names)
        known |= {item.key: item.name for item in declared.recipients}
        known |= {item.key: item.name for item in declared.processors}
        known[declared.controller.key] = declared.controller.name
        return known.get(key or "", key or "")

    def retention(self, rule: Retention) -> str:
        """The rule as the end of a sentence about the data: `slettes 3 måneder etter at …`."""
        return retention_words(rule, self.language, declaration=self.declaration)

    def clock(self, clock: str, period: str) -> str:
        """When a period from a clock is over, in words."""
        return clock_words(clock, period, self.language)

    def archived(self, archive: Archive) -> str:
        """When data enters the archive."""
        return self.clock(archive.clock, archive.period)

    @cached_property
    def locale(self) -> str:
        """The language as babel knows it; English where babel does not."""
        return _locale(self.language)


def clock_words(clock: str, period: str, language: str) -> str:
    """`fiscal_year_end(paid)` + `P5Y`: `5 år etter utgangen av regnskapsåret da betalingen ble utført`."""
    read, length = Clock.parse(clock), IsoPeriod.parse(period)
    form = read.function or "event"
    if (length.months, length.days) == (0, 0):
        form += "_now"
    words = length.describe(_locale(language))
    return text(language, f"retention.clock.{form}", period=words, event=word(language, "clock_events", read.event))


def retention_words(rule: Retention, language: str, *, declaration: Declaration | None = None) -> str:
    """A retention rule in words, without capital and full stop: `slettes 3 måneder etter at kundeforholdet tok slutt`.

    `declaration` gives the name behind `on_behalf_of`. Raises `MissingTextError` for a language without texts.
    """
    disposal = text(language, f"retention.disposal.{rule.disposal}")
    if rule.kept_with:
        names = [word(language, "categories", key) for key in rule.kept_with]
        categories = str(format_list(names, locale=_locale(language)))
        said = text(language, "retention.linked", categories=categories, disposal=disposal)
    else:
        when = clock_words(rule.clock, rule.period, language)
        said = text(language, f"retention.rule.{rule.rule}", disposal=disposal, when=when)
    if rule.on_behalf_of:
        recipients = {item.key: item.name for item in declaration.recipients} if declaration else {}
        name = recipients.get(rule.on_behalf_of, rule.on_behalf_of)
        said += ", " + text(language, "retention.on_behalf_of", name=name)
    if rule.only_kinds:
        said += " (" + text(language, "retention.kinds", kinds=", ".join(rule.only_kinds)) + ")"
    return said


def sentence(said: str) -> str:
    """`said` as a sentence of its own: a capital first, a full stop last."""
    said = said.strip()
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?")) else ".")


def _locale(language: str) -> str:
    try:
        return str(Locale.parse(language))
    except (UnknownLocaleError, ValueError):
        return "en"
