"""What happened, who did it and why: typed events, append-only, one hash chain a controller (A9, DESIGN "Audit").

Owns `audit_event`, `audit_link`, `audit_queue` and the published heads under `var/audit/heads/`.

Invariants:
- an event holds ids, codes, counts and dates; free text is refused by the type, by the writer and by PostgreSQL;
- rows are written only by the functions of `sql/functions.sql`, owned by `tillit_audit`, which cannot log in;
- nothing changes a written event but disposal, which removes it whole and leaves its leaf in the chain; the row state
  is the one column that restriction may set, and it is no part of the leaf;
- a link is a keyed hash over its predecessor: without the key nobody can make one that verifies;
- an event is linked when every transaction that could come before it has ended, so none is skipped and none doubled.

Controller 0 stands for the installation itself (backups, keys, platform roles). Subject 0 stands for "no person".
The tables answer for their personal data in `declaration.personal_data`, since `declaration` stands above this layer.
"""

INSTALLATION = 0
NOBODY = 0
