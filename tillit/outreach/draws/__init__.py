"""Draws that anyone can repeat (F7, F8). Owns the commitment, the list of tickets, the seed and what was drawn.

Invariants:
- The digest of the seed is published, and in the audit trail, before anybody knows the list; the seed itself is made of
  a key that is not in the database, and nobody sees it before the list stands.
- The digest of the list stands before the seed is told. Then the order follows from both: `order.py`, and nothing else.
- A ticket is a random or keyed number: the list names nobody. Whose ticket is whose is known to the survey or the
  competition, as long as that needs it.
"""
