"""What the bonus domain answers for. Balances and transfers stand in the ledger."""

from tillit.bonus.models import Correction, Programme, RateRule
from tillit.declaration.registry import not_personal, personal

personal(Correction, category="bonus", clocks={"booked": "recorded_at"}, figures="its amount is in ledger_closing")

not_personal(Programme, because="terms of a chain")
not_personal(RateRule, because="rates of a chain")
