"""The breach desk (H12, GDPR 33-34): a register of breaches and suspicions, and what must be done about each, by when.

Invariants: the clock to the authority starts when a suspicion is confirmed, and its length is the declaration's; a
breach told late says why; people are told one by one, in messages of nothing else; every step is on record. A breach
names nobody: each person it concerns has a case of kind `breach`, which lapses by the declaration's own rule.
"""
