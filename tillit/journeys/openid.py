"""A relying party of OpenID Connect (BankID, Vipps, ID-porten): asks who it is, and hears one thing, `sub`.

Authorisation code with PKCE, state and nonce; scope `openid` and nothing more; the signed answer is verified and read
for `sub` alone. Whatever else the provider puts into it, a name or a national number, is dropped where it is read. The
provider's page of further claims is never asked.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt

from tillit.declaration.schema import Declaration
from tillit.disclosure.outward import opened
from tillit.kernel import clock
from tillit.kernel.errors import TillitError

TIMEOUT = 10.0
_LARGEST = 256 * 1024
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY = 60


class OpenIdError(TillitError):
    """The provider cannot be reached, is not set up, or its answer is not what was asked for."""


@dataclass(frozen=True)
class Provider:
    """A declared provider with what the installation was given by it. issuer: letter by letter as it names itself."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str


def providers(declaration: Declaration) -> list[Provider]:
    """The declared providers that this installation has credentials for: `TILLIT_OIDC_<KEY>=client_id:secret`."""
    found = []
    for item in declaration.sign_in_providers:
        client_id, _, client_secret = os.environ.get(f"TILLIT_OIDC_{item.key.upper()}", "").partition(":")
        if client_id:
            found.append(Provider(item.key, item.name, item.issuer, client_id, client_secret))
    return found


def begin(*, provider: Provider, back: str) -> tuple[str, dict[str, str]]:
    """(address to send the browser to, what its own session keeps until it is back). Raises `OpenIdError`."""
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = hashlib.sha256(kept["verifier"].encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": "openid",
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{_described(provider)['authorization_endpoint']}?{urlencode(query)}", kept


def finish(*, provider: Provider, back: str, kept: dict[str, str], state: str, code: str) -> str:
    """The provider's `sub` for who came back, and nothing else of its answer. Raises `OpenIdError`."""
    if not code or not hmac.compare_digest(state.encode(), kept["state"].encode()):
        raise OpenIdError("openid-refused", "the answer does not belong to this browser")
    described = _described(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": kept["verifier"],
    }
    given = _call(described["token_endpoint"], form=form, provider=provider)
    keys = _call(described["jwks_uri"])
    try:
        token = str(given["id_token"])
        named = jwt.get_unverified_header(token).get("kid")
        key = next(jwt.PyJWK(one) for one in keys["keys"] if named is None or one.get("kid") == named)
        claims = jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "sub", "nonce"], "verify_exp": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, KeyError, StopIteration, TypeError):
        raise OpenIdError("openid-refused", "the provider's answer is not signed as it must be") from None
    now = clock.now().timestamp()
    if not hmac.compare_digest(str(claims["nonce"]), kept["nonce"]) or claims["exp"] + _LEEWAY < now:
        raise OpenIdError("openid-refused", "the provider's answer is old, or another's")
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise OpenIdError("openid-refused", "the provider's answer is for somebody else")
    return str(claims["sub"])[:255]


def _described(provider: Provider) -> dict[str, str]:
    """The provider's own configuration (OpenID Connect Discovery)."""
    said = _call(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if said.get("issuer") != provider.issuer:
        raise OpenIdError("openid-refused", "the provider says it is another")
    return {key: str(said.get(key, "")) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")}


def _call(address: str, *, form: dict[str, str] | None = None, provider: Provider | None = None) -> dict[str, Any]:
    at = urlsplit(address)
    if at.scheme != "https" and not _loopback(at.hostname or ""):
        raise OpenIdError("openid-refused", "the provider's address is not encrypted")
    heads = {"Accept": "application/json"}
    if form is not None and provider is not None:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        heads["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        heads["Content-Type"] = "application/x-www-form-urlencoded"
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    link = kind(at.hostname or "", at.port, timeout=TIMEOUT)
    try:
        with opened("sign_in"):
            body = urlencode(form).encode() if form is not None else None
            link.request("GET" if form is None else "POST", at.path + (f"?{at.query}" if at.query else ""), body, heads)
            answer = link.getresponse()
            said = json.loads(answer.read(_LARGEST) or b"{}")
    except (OSError, HTTPException, ValueError, RecursionError):
        raise OpenIdError("openid-unreachable", "the provider does not answer") from None
    finally:
        link.close()
    if answer.status != 200 or not isinstance(said, dict):
        raise OpenIdError("openid-refused", f"the provider answered {answer.status}")
    return said


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
