"""Registers outside that people are checked against (A7). Owns how far each was read, and who is to be asked about.

Invariants:
- Only where a controller's declaration has the activity and names the register as its recipient, is it asked; what is
  asked with is on record (`disclosure`) before it leaves, and only the fields its activity may record come in.
- A page of events and how far it reads are one transaction: whatever fails, nothing is lost and nothing counts twice.
- Of an event about nobody we know, nothing is kept.
"""
