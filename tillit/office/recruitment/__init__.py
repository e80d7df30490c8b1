"""Recruitment (H16). Owns applications for work and their files.

Invariants:
- Only the activity `recruitment` works with applications; every look at one is on record.
- A file is told from its bytes, sealed with the applicant's own key, and handed out to be saved, never shown.
- An application is decided once; from then its period runs, for the files too. With the last of them who applied is an
  applicant no longer.
- Each application is a person of its own: the form says nothing of who applied before.
"""
