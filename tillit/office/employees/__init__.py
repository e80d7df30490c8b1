"""Employees (H16). Owns their positions, salaries and absence.

Invariants:
- Only the activity `employment` writes here; every look at somebody else's record is on record.
- What a record says, its kind and its days included, is sealed with the employee's own key.
- When the employment ends, every record has the day it ended, from which its period runs.
"""
