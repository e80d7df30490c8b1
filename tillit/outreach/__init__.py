"""What goes out to people who did not ask for it just now, and what they are invited to (F3, F7, F8, F10, B8, B10).

Owns nothing itself: each part is an app of its own. All of them ask `consent` whom they may reach; `messages`
sends.
"""
