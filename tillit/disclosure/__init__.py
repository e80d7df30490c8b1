"""Every outward transfer of personal data (H13, A8): the only way out, its log, and who must be told of a change later.

Invariants:
- What leaves to a recipient or processor leaves as a `Disclosed`, which only `operations.disclose` and `disclose_many`
  make: declared for the activity, allowed for the person now, cut down to the recipient's declared fields, on record.
- The log names ids, codes and moments, never what was said. It is a personal table with a retention rule of its own.
- A connection out of the process is opened inside `outward.opened(way)` for a registered way, or it is refused.
- Whoever received what is later rectified, erased or restricted is owed a notice until told (GDPR 19).
"""
