"""An SMS gateway that speaks our protocol (docs/messages.md): takes SMS, reports on them, hands SMS in.

What it does with an SMS is told from the last two digits of the number: 01 is unknown and refused, 02 is never
answered, 03 is delivered and reported twice, 04 is taken and turns out unknown, 05 is refused for now the first time.
Any other is delivered. `GET /sent` lists what came; `POST /inbound` `{"from", "text", "times"}` plays a person who
sends an SMS.
"""

import json
import threading
import time
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from standardwebhooks.webhooks import Webhook

from tillit.disclosure.outward import opened
from tillit.faces.simulators.serving import JsonCall
from tillit.kernel import clock
from tillit.messages.gsm import sized

_NEEDED = ("id", "to", "from", "text", "encoding", "segments")


class Gateway(ThreadingHTTPServer):
    """The gateway. `secret`: shared with the site, signs webhooks; `token`: what the site must show."""

    daemon_threads = True

    def __init__(self, port: int, *, site: str, controller: str, token: str, secret: str) -> None:
        super().__init__(("127.0.0.1", port), _Call)
        self.site, self.controller, self.token, self.hook = site.rstrip("/"), controller, token, Webhook(secret)
        self.sent: list[dict[str, Any]] = []
        self.known: dict[str, str] = {}
        self.lock = threading.Lock()

    def take(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """An SMS from the site: status and answer. The same id again is the same SMS."""
        if any(key not in said for key in _NEEDED) or sized(said["text"]).segments != said["segments"]:
            return 400, {"code": "message-malformed"}
        ending = str(said["to"])[-2:]
        if ending == "01":
            return 422, {"code": "recipient-unknown"}
        if ending == "02":
            time.sleep(60)
        with self.lock:
            if said["id"] in self.known:
                return 200, {"id": self.known[said["id"]]}
            if ending == "05" and not any(one.get("refused") == said["id"] for one in self.sent):
                self.sent.append({"refused": said["id"]})
                return 503, {"code": "busy"}
            self.known[said["id"]] = uuid4().hex
            self.sent.append(said)
        for _ in range(2 if ending == "03" else 1):
            threading.Thread(target=self.report, args=(said, ending), daemon=True).start()
        return 202, {"id": self.known[said["id"]]}

    def report(self, said: dict[str, Any], ending: str) -> None:
        """Tell the site what became of it, as long as it does not take the report."""
        status = {"status": "failed", "code": "recipient-unknown"} if ending == "04" else {"status": "delivered"}
        for wait in (0.1, 0.5, 2, 5):
            time.sleep(wait)
            try:
                if self.tell("/sms/reports/", {"reference": said.get("reference", ""), **status})[0] < 300:
                    return
            except OSError:
                continue

    def inbound(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """Hand an SMS to the site, as often as asked, each time under the same id; its answers."""
        body = {
            "id": str(said.get("id") or uuid4().hex),
            "from": said["from"],
            "text": said["text"],
            "at": clock.now().isoformat(),
        }
        answers = []
        for _ in range(int(said.get("times", 1))):
            status, answer = self.tell(f"/sms/{self.controller}/in/", body)
            answers.append({"status": status, "answer": answer})
        return answers

    def tell(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Call the site with a signed webhook; status and answer."""
        where, now, key, text = urlsplit(self.site), clock.now(), uuid4().hex, json.dumps(body)
        heads = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.hook.sign(key, now, text),
            "X-Forwarded-Proto": "https",
        }
        link = HTTPConnection(where.hostname or "", where.port, timeout=20)
        try:
            with opened("simulator"):
                link.request("POST", path, text.encode(), heads)
                answer = link.getresponse()
                raw = answer.read()
            return answer.status, json.loads(raw) if raw.startswith(b"{") else raw.decode(errors="replace")
        finally:
            link.close()


class _Call(JsonCall):
    server: Gateway

    def do_GET(self) -> None:
        """What came."""
        with self.server.lock:
            self.answer(200, [one for one in self.server.sent if "to" in one])

    def do_POST(self) -> None:
        """An SMS from the site, or one to be handed to it."""
        try:
            said = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65536)))
        except ValueError:
            return self.answer(400, {"code": "body-unreadable"})
        if self.path == "/inbound":
            return self.answer(200, self.server.inbound(said))
        if not self.has_token():
            return self.answer(401, {"code": "token"})
        return self.answer(*self.server.take(said))
