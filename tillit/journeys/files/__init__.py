"""Files that staff send in the console: looked through, taken in by a job, and what was put aside repaired (C5, H18).

A domain offers a kind of file as data (`kinds.FileKind`, registered in `offered.py`); sending, sealing, the job, the
pages and the record are the same for each. Invariants: the bytes of a file are never on a disk or in the database in
clear; nothing is taken in that was not looked through and confirmed; a job that is killed anywhere is taken up again,
and the domain's own exactly-once rule keeps what it had done from being done twice.
"""
