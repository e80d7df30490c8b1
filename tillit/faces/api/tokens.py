"""Short-lived access tokens for partners' systems (OAuth 2.0 client credentials, RFC 6749 4.4).

A key is the client: its public part the `client_id`, its secret part the `client_secret`. A token is random, kept as a
keyed digest, opens what its key may do or less, and ends with the key, by revocation, or after ten minutes.
"""

import hmac
import secrets
from datetime import timedelta

from tillit.faces.api.models import ApiClient, ApiToken
from tillit.kernel import clock
from tillit.platform.secrets import secret

LIVES = timedelta(minutes=10)
PREFIX = "tillit_at_"


def issue(*, client: ApiClient, scopes: list[str]) -> str:
    """A new token of the client for these of its scopes; its text is nowhere else."""
    text = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        digest=_digest(text), client=client, scopes=sorted(set(scopes)), expires_at=clock.now() + LIVES
    )
    return text


def find(text: str) -> ApiClient | None:
    """The client whose living token it is, with the token's scopes; None when its key is revoked."""
    token = (
        ApiToken.objects.filter(digest=_digest(text), expires_at__gt=clock.now(), client__revoked_at=None)
        .select_related("client__source", "client__chain__controller", "client__store")
        .first()
    )
    if token is None:
        return None
    token.client.scopes = sorted(set(token.scopes) & set(token.client.scopes))
    return token.client


def revoke(*, client: ApiClient, text: str) -> bool:
    """The client's token opens nothing any more (RFC 7009); whether it did. Another client's is left alone."""
    return bool(ApiToken.objects.filter(digest=_digest(text), client=client).delete()[0])


def _digest(text: str) -> str:
    return hmac.digest(secret("api_keys"), b"token:" + text.encode(), "sha256").hex()
