"""The values that facts of power customers may be picked by, for campaigns and samples of surveys (E8, F3, F7)."""

from collections.abc import Mapping

from tillit.power.models import AREAS, ContractKind

_KINDS = {
    ContractKind.SPOT: {"nb": "spotpris", "en": "spot price"},
    ContractKind.VARIABLE: {"nb": "variabel pris", "en": "variable price"},
    ContractKind.FIXED: {"nb": "fastpris", "en": "fixed price"},
    ContractKind.STATE: {"nb": "statens fastprisordning", "en": "the state's fixed-price scheme"},
}


def areas(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The price areas."""
    return {one: {"": one} for one in AREAS}


def kinds(controller_id: int) -> dict[str, Mapping[str, str]]:
    """The kinds of contract."""
    return {str(kind): words for kind, words in _KINDS.items()}
