"""What the API answers for."""

from tillit.declaration.registry import after_restore, not_personal, outward_way, routines, transient
from tillit.faces.api.models import ApiCall, ApiClient, ApiToken, WebhookDelivery, WebhookEndpoint

not_personal(ApiClient, because="keys of partners' systems: digests, and what each may do")
transient(
    ApiCall,
    because="keyed digests of calls, with the counts they were answered with, so that a retry does nothing more",
    kept="P7D",
    clock_column="received_at",
)
routines(__file__, "calls")
after_restore(__file__, "webhooks", "not_read")
transient(
    ApiToken,
    because="digests of partners' short-lived tokens",
    kept="P1D",
    clock_column="expires_at",
)
not_personal(WebhookEndpoint, because="partners' endpoints: an address, events and sealed secrets")
transient(
    WebhookDelivery,
    because="events for partners' systems, with counts or a reference, and how they were taken",
    kept="P30D",
    clock_column="made_at",
)
outward_way(
    "webhook",
    opens=("tillit.faces.api.webhook_sending",),
    through="events without anything of a person, counts or a reference, to the address a partner has named",
)
