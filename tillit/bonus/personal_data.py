"""The bonus domain's own tables hold rules, not persons; balances stand in the ledger."""

from tillit.bonus.models import Programme, RateRule
from tillit.declaration.registry import not_personal

not_personal(Programme, because="terms of a chain")
not_personal(RateRule, because="rates of a chain")
