"""The account kinds of a bonus book. Numbers are stored; their range says what the ledger lets them hold.

A lot is (LOT, expires_on): bonus by the first day on which it is gone. RESERVED holds what a voucher has set aside,
with its lot's expiry. DEBT is bonus that was credited wrongly and is spent: never above zero, repaid before anything is
held. OFFERED is where bonus of offers comes from (C11), as ISSUED is for the rates'; PAID is what
people paid of a debt (C8).
"""

from tillit.ledger.kinds import CORRECTED, EXPIRED, FORFEITED, ISSUED, REDEEMED, register

OFFERED = register(20, "offered")
PAID = register(21, "paid")
LOT = register(100, "lot")
RESERVED = register(101, "reserved")
DEBT = register(200, "debt")

__all__ = ["CORRECTED", "DEBT", "EXPIRED", "FORFEITED", "ISSUED", "LOT", "OFFERED", "PAID", "REDEEMED", "RESERVED"]
