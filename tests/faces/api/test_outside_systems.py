"""A source of purchases and two tills, each a process of its own, over real sockets (C5, C9). The SMS gateway is one in
tests/faces/test_sms_gateway.py.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.faces.api import till as tills
from tests.faces.api.conftest import Partner, line
from tests.support import outside
from tillit.faces.api import keys
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import queries as ledger

BONUS = 20_000  # 2 % of a million øre


@dataclass
class Outside:
    """A system's process."""

    process: "subprocess.Popen[str]"

    def call(self, path: str, once: str, body: Any) -> tuple[int, dict[str, Any]]:
        """Make a call; what it was answered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"path": f"/api/v1/{path}", "once": once, "body": body}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer["body"]


@contextmanager
def running(site: Any, key: str) -> Iterator[Outside]:
    """A system of that key, ended by its end of input."""
    command = [sys.executable, outside.__file__, str(site.thread.port), key]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Outside(process)
    finally:
        try:
            process.communicate(timeout=60)
        finally:
            process.kill()


def test_c5_c9_a_source_and_tills_are_processes_of_their_own(partner: Partner, live_server: Any, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = False
    clock.return_to_present()  # where the site's threads are
    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    club = partner.club
    member, card = next(iter(club.members.items()))
    shop = [keys.add(chain=club.chain, name=name, scopes=list(keys.TILL_SCOPES))[1] for name in ("a", "b")]
    with (
        running(live_server, partner.key) as source,
        running(live_server, shop[0]) as till,
        running(live_server, shop[1]) as other,
    ):
        rows = {"purchases": [line(1, card, amount="10000.00", time=yesterday)]}
        status, batch = source.call("purchases", "p1", rows)
        assert (status, batch["accepted"]) == (201, 1)
        assert source.call("purchases", "p1", rows) == (201, batch)
        assert source.call("purchases", "p2", rows)[0] == 200
        _, text = tills.voucher(club, member, BONUS)
        use = {"code": text, "amount": "200.00", "receipt": "1"}
        status, used = till.call("till/vouchers/redeem", "u1", use)
        assert (status, used["status"], used["used"]) == (200, "used", "200.00")
        assert till.call("till/vouchers/redeem", "u1", use) == (200, used)
        assert till.call("till/vouchers/redeem", "u2", use) == (200, used)
        assert other.call("till/vouchers/redeem", "u1", use)[0] == 409
    with Scope(system("test", {club.controller.pk}), "bookkeeping"):
        moved = {found.kind: found.moved for found in ledger.trial_balance()}
        assert (moved["issued"], moved["redeemed"]) == (-BONUS, BONUS)
        assert ledger.unexplained() == 0


@pytest.fixture
def live_server(partner: Partner, live_server: Any) -> Any:
    """The site, on the partner's database."""
    return live_server
