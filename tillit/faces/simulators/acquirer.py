"""An acquirer that speaks our protocol (docs/services.md): charges cards, keeps payment pages, gives money back.

What it does is told from a card's last digit but one: 0 it declines; 1 it captures and never answers in time; 4 it
captures, and the answer is lost. Any other it captures. The same reference again is the same charge. On its page the
buyer presses *pay* or *cancel*; what becomes of it is reported to the callback, signed (Standard Webhooks), twice for a
card whose last digit but one is 5. `GET /charges` lists what came, of a number its last four alone.
"""

import base64
import html
import json
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from standardwebhooks.webhooks import Webhook

from tillit.disclosure.outward import opened
from tillit.faces.simulators.serving import JsonCall
from tillit.kernel import clock

_CHARGE = {"reference", "number", "expiry", "amount", "currency", "order", "customer"}
_PAGE = {"reference", "amount", "currency", "order", "back", "callback"}
_REFUND = {"reference", "of", "amount", "currency"}


class Acquirer(ThreadingHTTPServer):
    """The acquirer. `token`: what the site must show; `secret`: what reports are signed with; `slow`: seconds."""

    daemon_threads = True

    def __init__(self, port: int, *, token: str, secret: bytes, slow: float = 60) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.token, self.slow = token, slow
        self.secret = "whsec_" + base64.b64encode(secret).decode()
        self.charges: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def take(self, path: str, said: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """A charge, a page or a refund: status and answer; 0 for a connection that is cut."""
        needed = {"/charges": _CHARGE, "/pages": _PAGE, "/refunds": _REFUND}.get(path)
        if needed is None:
            return 404, {}
        if set(said) != needed or type(said["amount"]) is not int or said["amount"] <= 0:
            return 400, {"code": "malformed"}
        with self.lock:
            known = self.charges.get(said["reference"])
            if known is None:
                known = self._new(path, said)
                self.charges[said["reference"]] = known
            known["times"] += 1
        if known["how"] == "1" and known["times"] == 1:
            time.sleep(self.slow)
        if known["how"] == "4" and known["times"] == 1:
            return 0, {}
        return self.told(known)

    def _new(self, path: str, said: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "path": path,
            "amount": said["amount"],
            "reference": f"A-{uuid4().hex[:8]}",
            "times": 0,
            "asked": 0,
            "how": "",
        }
        if path == "/charges":
            number = said["number"]
            made |= {"order": said["order"], "customer": said["customer"], "last_four": number[-4:]}
            made |= {"expiry_given": bool(said["expiry"]), "how": number[-2]}
            made["status"] = "declined" if number[-2] == "0" else "captured"
        elif path == "/pages":
            made |= {"status": "pending", "back": said["back"], "callback": said["callback"], "order": said["order"]}
        else:
            of = self.charges.get(said["of"])
            left = 0 if of is None else of["amount"] - of.get("given_back", 0)
            made["status"] = "refunded" if of and of["status"] == "captured" and said["amount"] <= left else "declined"
            if of and made["status"] == "refunded":
                of["given_back"] = of.get("given_back", 0) + said["amount"]
        return made

    def told(self, known: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """How one stands."""
        if known["status"] == "declined":
            return 402, {"status": "declined", "code": "card-declined" if known["path"] == "/charges" else "refused"}
        answer = {"status": known["status"], "reference": known["reference"], "amount": known["amount"]}
        if known["path"] == "/pages" and known["status"] == "pending":
            ours = next(key for key, one in self.charges.items() if one is known)
            answer["url"] = f"http://127.0.0.1:{self.server_port}/pay/{ours}"
        return 202 if known["status"] == "pending" else 200, answer

    def report(self, ours: str, *, times: int = 1) -> list[int]:
        """Tell the site, signed, how one stands; the statuses it answered with."""
        known = self.charges[ours]
        body = {"reference": ours, **self.told(known)[1]}
        body.pop("url", None)
        at, text = clock.now(), json.dumps(body)
        target = urlsplit(known["callback"])
        answers = []
        for _ in range(times):
            key = f"msg_{uuid4().hex}"
            heads = {
                "Content-Type": "application/json",
                "webhook-id": key,
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Webhook(self.secret).sign(key, at, text),
            }
            link = HTTPConnection(target.hostname or "", target.port, timeout=30)
            try:
                with opened("simulator"):
                    link.request("POST", target.path, text.encode(), heads)
                    answers.append(link.getresponse().status)
            except (OSError, HTTPException):
                answers.append(0)
            finally:
                link.close()
        return answers


class _Call(JsonCall):
    server: Acquirer

    def do_GET(self) -> None:
        """How a charge stands; what came; or the page where the buyer pays."""
        path = self.path.partition("?")[0]
        if path == "/charges":
            with self.server.lock:
                return self.answer(200, self.server.charges)
        if path.startswith("/pay/"):
            return self._page(path.removeprefix("/pay/"))
        if not self.has_token():
            return self.answer(401, {})
        known = self.server.charges.get(path.removeprefix("/charges/"))
        if known is None:
            return self.answer(404, {})
        known["asked"] += 1
        return self.answer(*self.server.told(known))

    def do_POST(self) -> None:
        """A charge, a page, a refund; or what the buyer pressed."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/pay/"):
            return self._pressed(self.path.removeprefix("/pay/"), parse_qs(raw.decode()))
        if not self.has_token():
            return self.answer(401, {})
        status, answer = self.server.take(self.path, json.loads(raw))
        if status == 0:
            self.close_connection = True
            return None
        return self.answer(status, answer)

    def _page(self, ours: str) -> None:
        known = self.server.charges.get(ours)
        if known is None:
            return self.answer(404, {})
        what = html.escape(f"{known['order']}: {known['amount'] / 100:.2f}")
        body = (
            '<!doctype html><html lang="en"><title>Pay</title><h1>Pay</h1>'
            f"<p>{what}</p><form method=post><label>Card <input name=card autocomplete=off></label>"
            "<button name=act value=pay>Pay</button><button name=act value=cancel>Cancel</button></form></html>"
        ).encode()
        self.send(200, body, kind="text/html; charset=utf-8")

    def _pressed(self, ours: str, said: Mapping[str, list[str]]) -> None:
        known = self.server.charges.get(ours)
        if known is None:
            return self.answer(404, {})
        if known["status"] == "pending":
            pays = said.get("act", [""])[0] == "pay"
            known["status"] = "captured" if pays else "expired"
        card = said.get("card", [""])[0]
        self.server.report(ours, times=2 if card[-2:-1] == "5" else 1)
        self.send_response(303)
        self.send_header("Location", known["back"])
        self.send_header("Content-Length", "0")
        self.end_headers()
