"""The hub's own words: business processes, documents, messages (the market's BRS and ebIX code lists).

Elhub's documentation of BRS-NO-101 to 103, 111, 201, 202, 221 and 301, as of 2025.
"""

from dataclasses import dataclass
from datetime import date

from tillit.power.switch_models import Switch, SwitchReason, Way

ROLE = "DDQ"
"""Balance supplier."""
REQUEST_START = "392"
CANCELLATION = "E02"


@dataclass(frozen=True)
class Process:
    """A business process. request: the message that opens it; document: the UN/CEFACT or ebIX document type; confirmed:
    whether the hub's confirmation ends it (else a notification does).
    """

    code: str
    request: str
    document: str
    confirmed: bool = False


PROCESSES = {
    one.code: one
    for one in (
        Process("BRS-NO-101", "RequestStartOfSupply", REQUEST_START),
        Process("BRS-NO-102", "RequestStartOfSupply", REQUEST_START),
        Process("BRS-NO-103", "RequestStartOfSupply", REQUEST_START),
        Process("BRS-NO-111", "RequestStartOfSupply", CANCELLATION, confirmed=True),
        Process("BRS-NO-201", "RequestEndOfSupply", "432"),
        Process("BRS-NO-202", "RequestEndOfSupply", "432"),
        Process("BRS-NO-221", "RequestEndOfSupply", CANCELLATION, confirmed=True),
        Process("BRS-NO-301", "RequestUpdateCustomerInformation", "E34", confirmed=True),
    )
}
ROLLBACKS = {Way.IN: "BRS-NO-111", Way.OUT: "BRS-NO-221"}
UPDATE = "BRS-NO-301"
START, END, CHANGED = "NotifyStartOfSupply", "NotifyEndOfSupply", "NotifyMeteringPointCharacteristics"
NOTICES = (START, END, CHANGED)


def of_switch(switch: Switch, *, today: date) -> str:
    """The process by which a switch is asked for."""
    if switch.way == Way.OUT:
        return "BRS-NO-201" if switch.reason == SwitchReason.MOVE else "BRS-NO-202"
    if switch.reason == SwitchReason.SWITCH:
        return "BRS-NO-101"
    return "BRS-NO-103" if switch.day < today else "BRS-NO-102"
