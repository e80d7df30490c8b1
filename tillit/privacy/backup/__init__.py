"""Backup and restore (H11): encrypted logical dumps, the key store's own copies, and the journal, each kept apart.

Design. Three stores, three keys, three places (`places`), so that no one of them opens what was erased:

- *dumps*: everything but keys, sessions, codes, waiting jobs and the journal, read by `tillit_backup` (which may write
  nothing) in one snapshot; definitions are read by the owner in the same snapshot. Row security does not filter them:
  before a dump is made every policy is compared with what would, and every table's rows are counted by the owner, too.
  Kept as long as every declaration allows, a year at most; then they go, by themselves;
- *keys*: the wrapped data keys alone, replaced hourly, two kept. A key that was dropped is in no copy two hours later,
  and from then on no dump's sealed values open;
- the *journal* (`parties.journal`), shipped every minute and kept a little longer than any dump.

A restore makes a database of its own that nobody may enter, checks the file to its last byte before and while it
reads, compares the counts, brings the tables up to date, replays the journal, runs retention, and only then renames it
and lets the application in. If anything fails, that database is dropped.
"""
