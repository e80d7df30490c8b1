"""Reception (H17). Owns the visits to the house, the screen that visitors register on, badges and the evacuation list.

Invariants:
- Of a visitor the full name is kept, when they came and when they left, and nothing else: neither company nor host. The
  host is told by a mail that names the badge, not the visitor, so that the name stands only where it is deleted.
- No two people in the house have one badge number: it is given under the lock of the desk's row.
- Whoever forgot to check out has left at the end of the day, so that the declared period always runs.
- The screen shows nobody else: it takes a name and answers with a number. Its address has a key; a new one ends the
  old.
"""
