"""Purchases. Owns chains, stores, product groups, sources, payment instruments, transaction intake, receipts.

Invariants: a purchase is counted exactly once (`seen`, unique on source and digest of the external id, written in the
same transaction); a card or account number is digested in memory and never stored; a row that cannot be used is
quarantined with its line and reason; purchases of people who are no members are dropped and only counted.
"""
