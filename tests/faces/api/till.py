"""A till of a chain, and a member with bonus, for the tests of vouchers and gift cards."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client

from tests.support.intake import Club
from tillit.bonus import programmes, vouchers
from tillit.bonus.kinds import ISSUED, LOT
from tillit.bonus.models import Voucher
from tillit.faces.api import keys
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import operations as ledger
from tillit.ledger.operations import Account, Posting

_turn = itertools.count(1)


@dataclass
class TillSystem:
    """Calls as a till makes them, each with an `Idempotency-Key` of its own unless one is given."""

    key: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, path: str, body: Any = None, once: str | None = None) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or f"till-{next(_turn)}"}
        text = json.dumps(body if body is not None else {})
        return self.browser.post(f"/api/v1/till/{path}", text, content_type="application/json", headers=headers)

    def get(self, path: str) -> HttpResponse:
        return self.browser.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})

    def redeem(self, code: str, amount: str, once: str | None = None, **more: Any) -> HttpResponse:
        body = {"code": code, "amount": amount, "receipt": "3-0117", **more}
        return self.post("vouchers/redeem", body, once)


def till(club: Club, **changes: Any) -> TillSystem:
    """A till with a key of its own."""
    facts = {"chain": club.chain, "name": "till", "scopes": list(keys.TILL_SCOPES), **changes}
    return TillSystem(keys.add(**facts)[1])


def earn(club: Club, subject: int, amount: int) -> None:
    """Bonus that does not expire this year."""
    programme = programmes.of_chain(chain_id=club.chain.pk)
    lot = Account(LOT, programmes.expiry(programme, clock.today()))
    posting = Posting(subject, uuid4(), programme.book_id, amount, Account(ISSUED), lot, clock.now())
    with Scope(system("test", {club.controller.pk}), "bonus_earning") as scope:
        ledger.post(scope=scope, postings=[posting])


def voucher(club: Club, subject: int, amount: int) -> tuple[Voucher, str]:
    """A voucher of the member's and its code."""
    programme = programmes.of_chain(chain_id=club.chain.pk)
    with Scope(system("test", {club.controller.pk}), "bonus_use", frozenset({subject})) as scope:
        made = vouchers.reserve(
            scope=scope, subject_id=subject, programme=programme, amount=amount, key=uuid4(), at=clock.now()
        )
    return made, vouchers.code_of(voucher=made, register_id=club.controller.register_id)
