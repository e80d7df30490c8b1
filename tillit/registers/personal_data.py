"""What the registers' package answers for, and its way out."""

from tillit.declaration.registry import domain_check, not_personal, outward_way, personal
from tillit.registers.models import Check, Feed
from tillit.registers.sources import ADDRESSES, POPULATION, grounded

not_personal(Feed, because="how far a register's events were read, and counts")
personal(
    Check,
    category="identity",
    clocks={"collected": "recorded_at"},
    kind_column="outcome",
    figures="nobody counts who was asked about",
)
domain_check(
    "population_register",
    __file__,
    "promises",
    "population_register",
    promised=lambda declaration: "activities.population_register_check" if grounded(declaration, POPULATION) else "",
)
domain_check(
    "address_register",
    __file__,
    "promises",
    "address_register",
    promised=lambda declaration: "activities.enrichment" if grounded(declaration, ADDRESSES) else "",
)
outward_way(
    "registers",
    opens=("tillit.disclosure.calling",),
    through="identifiers of people a controller's declaration lets be checked, to the register it names as recipient",
)
