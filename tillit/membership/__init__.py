"""Membership. Owns which terms a person accepted, and the events of joining and leaving.

Invariant: an acceptance names the published version it was given to, and is never changed.
"""
