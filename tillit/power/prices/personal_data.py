"""What the prices answer for: nothing of a person."""

from tillit.declaration.registry import not_personal
from tillit.power.prices.models import (
    CapacityStep,
    EnergyRate,
    GridTariff,
    Holiday,
    Levy,
    Load,
    Plan,
    Scheme,
    SpotDay,
    Temperature,
    WeatherPlace,
)

not_personal(SpotDay, because="market prices of an area")
not_personal(Levy, because="taxes and fees of places")
not_personal(Scheme, because="state schemes")
not_personal(Holiday, because="days of the calendar")
not_personal(GridTariff, because="tariffs of grid companies")
not_personal(EnergyRate, because="tariffs of grid companies")
not_personal(CapacityStep, because="tariffs of grid companies")
not_personal(Plan, because="prices of the supplier's products")
not_personal(WeatherPlace, because="places whose temperature is known")
not_personal(Temperature, because="mean temperatures of places")
not_personal(Load, because="files of prices that were taken in, and what they replaced")
