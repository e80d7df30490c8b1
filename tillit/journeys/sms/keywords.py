"""Which word of an SMS leads to which handler. A domain's journey adds its own words here, one line each."""

from tillit.journeys.sms.join import join
from tillit.journeys.sms.saldo import saldo
from tillit.journeys.sms.stop import stop
from tillit.journeys.sms.types import Handler

KEYWORDS: dict[str, Handler] = {
    "SALDO": saldo,
    "STOP": stop,
    "STOPP": stop,
    "AVMELD": stop,
    "MEDLEM": join,
    "JOIN": join,
}
