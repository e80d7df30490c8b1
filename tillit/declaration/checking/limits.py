"""Numbers, periods, addresses and dates lie within what the law and the system allow."""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import available_timezones

from babel.numbers import list_currencies

from tillit.declaration.checking.context import Context, Path, walk
from tillit.declaration.errors import Problem
from tillit.kernel.identifiers import organisation_number
from tillit.kernel.periods import IsoPeriod

EARLIEST = date(2018, 7, 20)
"""The day the GDPR entered into force in Norway: no declaration takes effect before."""

YOUNGEST_CONSENT = 13
"""The lowest age at which a child may consent to an information-society service (GDPR art. 8)."""

ANSWER_LIMIT = (IsoPeriod.parse("P30D"), IsoPeriod.parse("P1M"))
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_WEB = re.compile(r"(https?://)?[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?(/\S*)?", re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9][0-9 ]{1,18}[0-9]")


def problems(context: Context) -> Iterator[Problem]:
    """Everything that is one value out of bounds."""
    yield from _controller(context)
    yield from _addresses(context)
    yield from _rights(context)
    yield from _ages(context)
    yield from _backup(context)
    yield from _statistics(context)
    yield from _programme(context)
    yield from _dates(context)


def _controller(context: Context) -> Iterator[Problem]:
    controller = context.declaration.controller
    if not organisation_number.is_valid(controller.organisation_number):
        message = f"'{controller.organisation_number}' is no valid organisation number (9 digits, modulus 11)"
        yield context.problem(("controller", "organisation_number"), "organisation-number", message)
    if controller.currency not in list_currencies():
        message = f"'{controller.currency}' is no currency (ISO 4217)"
        yield context.problem(("controller", "currency"), "unknown-currency", message)
    if controller.time_zone not in available_timezones():
        message = f"'{controller.time_zone}' is no time zone"
        yield context.problem(("controller", "time_zone"), "unknown-time-zone", message)


def _addresses(context: Context) -> Iterator[Problem]:
    forms = {"email": (_EMAIL, "e-mail address"), "web": (_WEB, "web address"), "phone": (_PHONE, "phone number")}
    forms["authority_web"] = forms["web"]
    for path, value in walk(context.declaration):
        if path and path[-1] in forms and path[0] != "sites" and isinstance(value, str):  # see `cookies`
            pattern, name = forms[str(path[-1])]
            if not pattern.fullmatch(value):
                yield context.problem(path, "unreadable-address", f"'{value}' is no {name}")


def _rights(context: Context) -> Iterator[Problem]:
    answer = IsoPeriod.parse(context.declaration.rights.answer_within)
    days, month = ANSWER_LIMIT
    if not (answer == month or (answer.months == 0 and 0 < answer.days <= days.days)):
        message = "requests are answered within 30 days or one month (GDPR art. 12(3))"
        yield context.problem(("rights", "answer_within"), "answer-too-late", message)
    if not context.declaration.rights.routes:
        yield context.problem(("rights", "routes"), "no-route", "there is no way to ask for one's rights")
    if not 0 < context.declaration.breach.authority_within_hours <= 72:
        message = "the authority is told of a breach within 72 hours (GDPR art. 33)"
        yield context.problem(("breach", "authority_within_hours"), "breach-too-late", message)
    yield from _positive(context, ("changes", "notice"), context.declaration.changes.notice)
    yield from _positive(context, ("cookies", "choice_lives"), context.declaration.cookies.choice_lives)


def _positive(context: Context, path: Path, text: str) -> Iterator[Problem]:
    period = IsoPeriod.parse(text)
    if period.months == 0 and period.days == 0:
        yield context.problem(path, "empty-period", f"{path[-1]} must be longer than {text}")


def _ages(context: Context) -> Iterator[Problem]:
    children = context.declaration.children
    if not 0 <= children.minimum_age <= 99:
        message = "minimum_age is a number of whole years between 0 and 99"
        yield context.problem(("children", "minimum_age"), "age", message)
    if not YOUNGEST_CONSENT <= children.consent_age <= 18:
        message = "consent_age is between 13 (GDPR art. 8) and 18"
        yield context.problem(("children", "consent_age"), "age", message)
    programme = context.declaration.programme
    if programme and programme.minimum_age < children.minimum_age:
        message = f"the programme admits from {programme.minimum_age}, the controller from {children.minimum_age}"
        yield context.problem(("programme", "minimum_age"), "age", message)


def _backup(context: Context) -> Iterator[Problem]:
    backup = context.declaration.backup
    yield from _positive(context, ("backup", "every"), backup.every)
    yield from _positive(context, ("backup", "kept"), backup.kept)
    today = EARLIEST
    if IsoPeriod.parse(backup.kept).add_to(today) > IsoPeriod.parse("P1Y").add_to(today):
        message = "a backup is kept one year at most: what was erased may not survive longer"
        yield context.problem(("backup", "kept"), "backup-too-long", message)
    if IsoPeriod.parse(backup.every).add_to(today) > IsoPeriod.parse(backup.kept).add_to(today):
        message = f"taken every {backup.every} but kept {backup.kept}: there would be days without a backup"
        yield context.problem(("backup", "every"), "backup-gap", message)
    for n, role in enumerate(backup.readers):
        if role in context.words.roles and role != "it_operations":
            message = f"backups are for IT operations only, not for '{role}'"
            yield context.problem(("backup", "readers", n), "backup-reader", message)


def _statistics(context: Context) -> Iterator[Problem]:
    statistics = context.declaration.visit_statistics
    if statistics is None:
        return
    if not statistics.address_truncated:
        message = "addresses are truncated before they are stored, always: to say otherwise is not what is done"
        yield context.problem(("visit_statistics", "address_truncated"), "not-kept", message)
    yield from _positive(context, ("visit_statistics", "individual"), statistics.individual)
    if statistics.aggregates != "unlimited":
        lengths = [IsoPeriod.parse(text) for text in (statistics.aggregates, statistics.individual)]
        if lengths[0].add_to(EARLIEST) < lengths[1].add_to(EARLIEST):
            message = "aggregates are kept at least as long as the rows they are made from"
            yield context.problem(("visit_statistics", "aggregates"), "aggregates-too-short", message)


def _programme(context: Context) -> Iterator[Problem]:
    programme = context.declaration.programme
    if programme is None:
        return
    if (programme.validity == "months") != (programme.validity_months is not None):
        message = "validity_months is stated when validity is months, and only then"
        yield context.problem(("programme", "validity"), "programme-validity", message)
    if programme.validity_months is not None and programme.validity_months < 1:
        message = "validity_months is at least 1"
        yield context.problem(("programme", "validity_months"), "programme-validity", message)
    if programme.validity_months is not None and programme.available_after_days >= 28 * programme.validity_months:
        message = "bonus may be used before it expires: available_after_days is shorter than validity_months"
        yield context.problem(("programme", "available_after_days"), "programme-validity", message)
    if not programme.only_in_earning_chain:
        message = "bonus is used in the chain where it was earned, and nowhere else: nothing carries it to another"
        yield context.problem(("programme", "only_in_earning_chain"), "not-kept", message)
    if programme.cash_earns:
        message = "purchases in cash are counted and dropped: nobody knows whose they are"
        yield context.problem(("programme", "cash_earns"), "not-kept", message)
    bounds = {"voucher_minutes": (1, 10_080), "voucher_offline_hours": (0, 168), "gift_card_months": (1, 60)}
    bounds |= {"saldo_sms_price": (0, 10_000), "available_after_days": (0, 90)}
    for name, (least, most) in bounds.items():
        if not least <= getattr(programme, name) <= most:
            yield context.problem(("programme", name), "programme-voucher", f"{name} is {least} to {most}")


def _dates(context: Context) -> Iterator[Problem]:
    effective = context.declaration.effective
    if effective < EARLIEST:
        message = f"takes effect {effective}, before the GDPR did in Norway ({EARLIEST})"
        yield context.problem(("effective",), "effective-date", message)
    for i, processor in enumerate(context.declaration.processors):
        if processor.agreement > effective:
            message = f"the agreement with '{processor.key}' is dated after the declaration takes effect"
            yield context.problem(("processors", i, "agreement"), "agreement-date", message)
