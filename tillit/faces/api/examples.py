"""An example of each operation's body and of its answer, for the description. All of it is invented.

A test holds each against the very schema that it stands beside, and refuses an operation without one.
"""

from typing import Any

_PURCHASE = {
    "id": "A-1001",
    "time": "2026-03-02T12:30:00+01:00",
    "chain": "fjellmat",
    "store": "12",
    "amount": "249.90",
    "card": "4925000000000004",
}
_BATCH = {
    "batch": 17,
    "state": "finished",
    "received_at": "2026-03-02T12:31:00+00:00",
    "finished_at": "2026-03-02T12:31:01+00:00",
    "rows": 1,
    "accepted": 1,
    "put_aside": [],
}
_CODE = "9777 1662 1033 7821"
_VOUCHER = {
    "voucher": "6f0c8c1e-9f3e-4f0e-8a0d-0c4b8f0f2d11",
    "status": "open",
    "amount": "125.50",
    "used": None,
    "currency": "NOK",
    "valid_until": "2026-03-31T22:00:00+00:00",
    "used_at": None,
    "receipt": None,
}
_USED = _VOUCHER | {
    "status": "used",
    "used": "125.00",
    "used_at": "2026-03-02T12:30:00+00:00",
    "receipt": "3-20260302-0117",
}
_GIFT = {
    "status": "active",
    "amount": "500.00",
    "balance": "500.00",
    "currency": "NOK",
    "expires_on": "2029-03-02",
    "code": None,
}
_PAYMENT = {"code": _CODE, "amount": "125.00", "receipt": "3-20260302-0117", "store": "12"}
_ORDER = {
    "order": "2b7c3f14-8c55-4d0a-9a57-5b6f6a0c9d22",
    "union": "lyngheim",
    "status": "sent",
    "reason": None,
    "ordered_at": "2026-03-02T12:30:00+00:00",
    "fields": {"order_name": "Kari Nordseth", "order_phone": "+4740000111"},
    "may_ask": ["order_email"],
    "asked": [],
    "answer": None,
}
_MEMBER = "mC3vT1ZQ0b7YzB9cG4k2dN8xEwq5uHsP"
_PERSON = {"member": _MEMBER, "fields": {"name": "Kari Nordseth", "member_number": "1001"}, "withheld": []}
_REQUEST = {
    "request": "rQ8uW2eK5sL0pX7vA3jD9yF6hM1nB4tC",
    "right": "access",
    "stage": "received",
    "verified": False,
    "received_at": "2026-03-02T12:31:00+00:00",
    "due": "2026-04-01",
    "answered_at": None,
    "closed_at": None,
}
_SUBSCRIPTION = {
    "subscription": 4,
    "url": "https://partner.example/tillit",
    "events": ["orders.placed"],
    "since": "2026-03-02T12:31:00+00:00",
    "stopped_at": None,
    "waiting": 0,
    "given_up": 0,
    "secret": None,
}
_SECRET = "whsec_bm90IGEgc2VjcmV0OiBhbiBleGFtcGxlIQ=="  # noqa: S105 (the text says that it is none)
_EVENT = {
    "event": "0d3a3f3e-5f4b-4d7d-8f0e-2a8d8b7c1f33",
    "type": "orders.placed",
    "state": "waiting",
    "attempts": 0,
    "answer": 0,
    "made_at": "2026-03-02T12:31:00+00:00",
    "next_try": "2026-03-02T12:31:00+00:00",
    "data": '{"type":"orders.placed","timestamp":"2026-03-02T12:31:00+00:00","data":{"order":"2b7c3f14-…"}}',
}

SENT: dict[str, Any] = {
    "send_purchases": {"purchases": [_PURCHASE]},
    "webhook": {
        "type": "purchases.created",
        "timestamp": "2026-03-02T12:31:00Z",
        "data": {"purchases": [_PURCHASE]},
    },
    "verify_voucher": {"code": _CODE},
    "redeem_voucher": _PAYMENT,
    "sell_gift_card": {"amount": "500.00", "receipt": "3-20260302-0117", "store": "12"},
    "look_at_gift_card": {"code": _CODE},
    "redeem_gift_card": _PAYMENT,
    "undo_gift_card": {"code": _CODE, "receipt": "3-20260302-0117", "store": "12"},
    "return_gift_card": {"code": _CODE},
    "verify_card": {"code": "Q0FSRC1DT0RFLU9GLUhBTEYtQS1NSU5VVEU"},
    "settle_order": {"status": "rejected", "reason": "sold_out"},
    "ask_member": {"fields": ["order_email"]},
    "send_entitlements": {
        "full": False,
        "rows": [
            {"given": "Kari", "family": "Fjell", "product": "trygg", "customer_number": "K-1", "starts": "2026-03-01"}
        ],
    },
    "check_entitlement": {"product": "trygg", "customer_number": "K-1"},
    "find_member": {"address": "kari@eksempel.example"},
    "change_member": {"facts": {"address.street": "Nygata 4", "address.postal_code": "9008", "address.city": "Tromsø"}},
    "submit_consent": {
        "member": _MEMBER,
        "activity": "newsletter",
        "channel": "email",
        "given": True,
        "said_at": "2026-03-02T12:30:00+01:00",
        "wording": "Yes, send me the newsletter by e-mail.",
        "language": "en",
        "evidence": {"reference": "Form 2026-0311, archive B"},
    },
    "hand_in_request": {"whom": {"member": _MEMBER}, "right": "access", "language": "en"},
    "subscribe": {"url": "https://partner.example/tillit", "events": ["orders.placed"]},
}
"""Operation → a body."""

ANSWERED: dict[str, Any] = {
    "send_purchases": _BATCH,
    "batch": _BATCH,
    "webhook": _BATCH,
    "verify_voucher": _VOUCHER,
    "voucher": _USED,
    "redeem_voucher": _USED,
    "void_voucher": _VOUCHER | {"status": "void"},
    "sell_gift_card": _GIFT | {"code": "9777166210337821"},
    "look_at_gift_card": _GIFT,
    "redeem_gift_card": _GIFT | {"balance": "375.00"},
    "undo_gift_card": _GIFT,
    "return_gift_card": _GIFT | {"status": "returned", "balance": "0.00"},
    "balance": {
        "currency": "NOK",
        "available": "310.50",
        "pending": "12.00",
        "reserved": "0.00",
        "negative": False,
        "expiring": [{"on": "2027-01-01", "amount": "110.50"}],
        "waiting": [{"on": "2026-03-16", "amount": "12.00"}],
    },
    "verify_card": {"valid": True},
    "orders": {"orders": [_ORDER], "next": None},
    "order": _ORDER,
    "settle_order": _ORDER | {"status": "rejected", "reason": "sold_out"},
    "ask_member": _ORDER | {"asked": ["order_email"]},
    "send_entitlements": {
        "number": 8,
        "state": "applied",
        "repeated": False,
        "counts": {"new": 1, "changed": 0, "ends": 0, "quarantined": 0},
        "refused": [],
    },
    "check_entitlement": {"entitled": True},
    "members": {"members": [_PERSON], "next": None},
    "find_member": _PERSON,
    "member": _PERSON,
    "change_member": {"member": _MEMBER, "changed": ["address.street"]},
    "consents": {
        "member": _MEMBER,
        "consents": [
            {
                "activity": "newsletter",
                "channel": "email",
                "kind": "consent",
                "on": True,
                "objected": False,
                "since": "2026-03-02T12:30:00+00:00",
            }
        ],
    },
    "submit_consent": {"recorded": True, "in_effect": True, "receipt_sent": True},
    "hand_in_request": _REQUEST,
    "request_progress": _REQUEST,
    "subscribe": _SUBSCRIPTION | {"secret": _SECRET},
    "subscriptions": {"subscriptions": [_SUBSCRIPTION], "next": None},
    "unsubscribe": _SUBSCRIPTION | {"stopped_at": "2026-03-09T08:00:00+00:00"},
    "rotate_secret": {"secret": _SECRET},
    "events": {"events": [_EVENT], "next": None},
    "replay_event": _EVENT,
}
"""Operation → what it answers with where it does what was asked."""


def into(operation: dict[str, Any]) -> None:
    """Put the examples into the description of an operation."""
    name = operation["operationId"]
    if "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["example"] = SENT[name]
    for status, answer in operation["responses"].items():
        if str(status).startswith("2"):
            answer["content"]["application/json"]["example"] = ANSWERED[name]
