"""The words of power supply that forms offer (E1)."""

from tillit.power.models import AREAS as _AREAS
from tillit.power.models import ContractKind, Dwelling, Heating, Use
from tillit.power.switch_models import SwitchReason

AREAS = _AREAS
KINDS = tuple(ContractKind.values)
REASONS = tuple(SwitchReason.values)
USES = tuple(Use.values)
DWELLINGS = tuple(Dwelling.values)
HEATINGS = tuple(Heating.values)
