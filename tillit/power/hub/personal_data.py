"""What the messages of the market hub answer for, and their way out."""

from tillit.declaration.registry import domain_check, not_personal, outward_way, personal, transient
from tillit.power.hub import client, operations
from tillit.power.hub.models import HubFeed, HubProcess, WaitingNotice

personal(HubProcess, category="power_contract", clocks={}, figures="nobody counts requests to the hub")
not_personal(HubFeed, because="how far the hub's messages were read, and counts")
transient(
    WaitingNotice, because="messages of the hub that wait to be carried out", kept="P90D", clock_column="received_at"
)
domain_check("market_hub", __file__, "promises", "market_hub", promised=operations.promised)
outward_way(
    client.WAY,
    opens=("tillit.disclosure.calling",),
    through="who starts, changes or ends supply at which point, to the hub the declaration names as recipient",
)
