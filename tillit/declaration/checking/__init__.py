"""The rules a declaration must keep, one module a subject. Each rule module offers `problems(context)`, an iterator
of `Problem` with file and line; `tillit.declaration.checks` runs them all. A rule reads the declaration only: what
the running system can keep is asked in `system`.
"""
