"""The API for partners' systems: purchases in, under `/api/v1/`; described by `/api/v1/openapi.json` and docs/api.md.

Owns the keys that partners call with and what is remembered of their calls. A key is shown once and kept as a keyed
digest; it belongs to one source of purchases and may do what its scopes say. A call that writes carries an
`Idempotency-Key` and is done once. Every refusal is a problem document (RFC 9457) with a stable code and without a
value of the call. No answer says whose a purchase is, or whether it is a member's: the sender may not know.
"""
