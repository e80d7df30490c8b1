"""Consents that are given elsewhere than on one's own pages, their receipts, and their proof (F1, F2, F6).

Whatever the route: what, when, how and which wording is recorded; the person gets a receipt with the way back; and a
yes to messages at an address that nobody is signed in behind is confirmed from that address before it counts.
"""
