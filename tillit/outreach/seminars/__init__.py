"""Seminars, on site and digital (F10). Owns seminars, who has signed up, attendance and certificates.

Invariants:
- No more people have a place than there are places; a place that is given up goes at once to who has waited longest.
- Sign-up, attendance and certificate are one row a person and seminar (category `seminar`), deleted as declared from
  the day it was held; who signed up as a stranger is a participant only as long as such a row is left.
- A certificate is made when it is fetched, for who attended, and stored nowhere.
"""
