"""An OpenID provider in a process of its own, as talkative as real ones: its answer holds name and national number.

`python -m tests.support.openid_provider` prints its address. `/control?fault=…` makes the next answers wrong; `sub=…`
chooses who signs in; `end=/` ends its issuer with a slash. It checks what a provider checks: client,
secret, redirect address, PKCE.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "tillit-test", "en hemmelighet: med kolon"
NAME, NATIONAL_NUMBER = "Ola Pratsom Nordmann", "13127248022"


class Provider(ThreadingHTTPServer):
    """Keys, codes handed out, and how to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.fault, self.sub, self.end = "", "person-1", ""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def issuer(self) -> str:
        return self.base + self.end

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": "http://127.0.0.1:1" if self.fault == "issuer" else self.issuer,
            "aud": "somebody-else" if self.fault == "audience" else CLIENT,
            "sub": self.sub,
            "nonce": "another" if self.fault == "nonce" else asked["nonce"],
            "iat": now,
            "exp": now - 3600 if self.fault == "expired" else now + 300,
            "name": NAME,
            "pid": NATIONAL_NUMBER,
            "birthdate": "1972-12-13",
        }
        if self.fault == "unsigned":
            return jwt.encode(claims, "", algorithm="none", headers={"kid": "one"})
        key = self.other if self.fault == "signature" else self.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})


class _Call(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(at.query).items()}
        if at.path == "/.well-known/openid-configuration":
            base = self.server.base
            named = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            self._json({"issuer": self.server.issuer} | {key: f"{base}/{path}" for key, path in named.items()})
        elif at.path == "/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key(), as_dict=True)
            self._json({"keys": [{**public, "kid": "one", "alg": "RS256"}]})
        elif at.path == "/authorize" and asked.get("client_id") == CLIENT and asked.get("scope") == "openid":
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = asked
            state = "another" if self.server.fault == "state" else asked["state"]
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': state})}")
            self.end_headers()
        elif at.path == "/control":
            self.server.fault, self.server.sub = asked.get("fault", ""), asked.get("sub", "person-1")
            self.server.end = asked.get("end", "")
            self._json({})
        else:
            self._json({}, 404)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        form = {key: values[0] for key, values in body.items()}
        asked = self.server.codes.pop(form.get("code", ""), None)
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        client, _, secret = given.partition(":")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        fine = asked is not None and (unquote(client), unquote(secret)) == (CLIENT, SECRET)
        fine = fine and asked["redirect_uri"] == form["redirect_uri"]  # type: ignore[index]
        if not fine or asked is None or challenge.rstrip("=") != asked["code_challenge"]:
            self._json({"error": "invalid_grant"}, 400)
            return
        self._json({"id_token": self.server.token(asked), "access_token": secrets.token_hex(8), "name": NAME})

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


if __name__ == "__main__":
    provider = Provider()
    sys.stdout.write(provider.issuer + "\n")
    sys.stdout.flush()
    provider.serve_forever()
