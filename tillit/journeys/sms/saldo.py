"""SALDO: what the member has in each chain, and what expires first (C10): the number on Min side, at a declared price.

Whose the sender's number is decides: an SMS can be forged, so the answer goes to that number, and nothing can be spent
with what it says.
"""

from datetime import timedelta

from babel.dates import format_date

from tillit.bonus.queries import ChainBalance, overview
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.sms.texts import say
from tillit.journeys.sms.types import Answer, Inbound
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope, system
from tillit.ledger.kinds import NEVER

ACTIVITY = "self_service"


def saldo(sms: Inbound) -> Answer:
    """The balance, premium-rate as declared; a number that is nobody's is told where to turn, at no price."""
    said = current(controller_id=sms.controller.pk, on=clock.today())
    if sms.subject_id is None or said.programme is None:
        contact = said.controller.phone or said.controller.email
        return Answer(say(sms.language, "unknown", name=said.controller.name, contact=contact))
    everyone = Controller.objects.filter(register_id=sms.controller.register_id).values_list("pk", flat=True)
    with Scope(system("sms", everyone), ACTIVITY, frozenset({sms.subject_id})):
        balances = overview(subject_id=sms.subject_id, on=clock.today())
    price = said.programme.saldo_sms_price
    if not balances:
        return Answer(say(sms.language, "saldo_none", name=said.controller.name), price)
    lines = "; ".join(_line(one, sms.language) + _later(one, sms.language) for one in balances)
    return Answer(say(sms.language, "saldo", name=said.controller.name, lines=lines), price)


def _line(balance: ChainBalance, language: str) -> str:
    amount = Money(balance.available, balance.currency).format(language)
    dated = [(day, minor) for day, minor in balance.expiring if day != NEVER]
    if not dated or balance.negative:
        return say(language, "saldo_line", chain=balance.name, amount=amount)
    day, minor = dated[0]
    last = format_date(day - timedelta(days=1), format="short", locale=_locale(language))
    gone = Money(minor, balance.currency).format(language)
    return say(language, "saldo_expiring", chain=balance.name, amount=amount, gone=gone, day=last)


def _later(balance: ChainBalance, language: str) -> str:
    """What is earned and may be used later, from the first such day."""
    if not balance.waiting:
        return ""
    day, _ = balance.waiting[0]
    amount = Money(sum(minor for _, minor in balance.waiting), balance.currency).format(language)
    return say(language, "saldo_later", amount=amount, day=format_date(day, format="short", locale=_locale(language)))


def _locale(language: str) -> str:
    return "en_GB" if language == "en" else language
