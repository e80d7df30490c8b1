"""Services that are cases, from both sides: ID protection (D3), web clean-up (D4) and the concierge (D5).

`own` is what the person does on Min side, `desk` what agents do; what is the same for all of them is said once.
"""

from tillit.services.acting.models import ID_PROTECTION, WEB_CLEANUP
from tillit.services.concierge.operations import CONCIERGE

SERVICES = (ID_PROTECTION, WEB_CLEANUP, CONCIERGE)
UNDER_MANDATE = (ID_PROTECTION, WEB_CLEANUP)
