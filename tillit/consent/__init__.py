"""Consent, objection, restriction: the one question "may activity A process subject S over channel C now?" (F1, F2,
H4, H5, H7).

Invariants: events are append-only and renewals append; the current state is written in the same transaction as its
event; the single answer and the set answer are the same SQL statement; objection to marketing is absolute; a restricted
person is hidden from every activity that is not declared to see restricted data.
"""
