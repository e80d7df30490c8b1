"""Use cases that cross domains: signing in, correcting one's profile, leaving. A journey owns its transaction.

Faces call one function each; nothing here knows of HTTP.
"""
