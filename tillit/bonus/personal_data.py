"""What the bonus domain answers for. Balances and transfers stand in the ledger."""

from tillit.bonus.models import Correction, Programme, RateRule
from tillit.bonus.programmes import departures
from tillit.declaration.held_to import follows_declaration
from tillit.declaration.registry import not_personal, personal

personal(Correction, category="bonus", clocks={"booked": "recorded_at"}, figures="its amount is in ledger_closing")

not_personal(Programme, because="terms of a chain")
follows_declaration(Programme, departures)
not_personal(RateRule, because="rates of a chain")
