"""The account kinds of a bonus book. Numbers are stored; their range says what the ledger lets them hold.

A lot is (LOT, expires_on): bonus by the first day on which it is gone. RESERVED holds what a voucher has set aside,
with its lot's expiry. DEBT is bonus that was credited wrongly and is spent: never above zero, repaid before anything is
held. OFFERED is where bonus of offers comes from (C11), as ISSUED is for the rates'. CARD is what a gift card holds, in
a book of its own, from SOLD, to REDEEMED or REFUNDED. PAID is what people paid of a debt (C8). CARRIED is what lots of
a merged person pass through from one of their subjects to the other (`pooling`, C3); it stands at zero.
"""

from tillit.ledger.kinds import CORRECTED, EXPIRED, FORFEITED, ISSUED, REDEEMED, register

SOLD = register(10, "sold")
REFUNDED = register(11, "refunded")
OFFERED = register(20, "offered")
PAID = register(21, "paid")
CARRIED = register(22, "carried")
LOT = register(100, "lot")
RESERVED = register(101, "reserved")
CARD = register(110, "card")
DEBT = register(200, "debt")

__all__ = [
    "CARD",
    "CARRIED",
    "CORRECTED",
    "DEBT",
    "EXPIRED",
    "FORFEITED",
    "ISSUED",
    "LOT",
    "OFFERED",
    "PAID",
    "REDEEMED",
    "REFUNDED",
    "RESERVED",
    "SOLD",
]
