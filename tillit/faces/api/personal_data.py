"""What the API answers for."""

from tillit.declaration.registry import not_personal, transient
from tillit.faces.api.models import ApiCall, ApiClient

not_personal(ApiClient, because="keys of partners' systems: digests, and what each may do")
transient(
    ApiCall,
    because="keyed digests of calls, with the counts they were answered with, so that a retry does nothing more",
    kept="P7D",
    clock_column="received_at",
)
