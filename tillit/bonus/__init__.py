"""The bonus programme. Owns programmes, rates, accrual, expiry, correction, use and forfeiture of bonus (C1-C17).

Invariants: exact integer money; event time decides rate and expiry; bonus is used only in the chain where it was
earned (a book per chain, and value never moves between books); every øre of a balance is explained by its transfers.
The ledger keeps the money; this domain keeps the rules.
"""
