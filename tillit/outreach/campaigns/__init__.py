"""Campaigns: newsletters and offers to a set of people over one channel (F3). Owns what is said, to whom, and how it
goes.

Invariants:
- A set is picked by registered facts only, each of a category that the campaign's activity may use; the one statement
  that counts a set is the one that takes it, under row security of that activity.
- What was approved is what is sent: any change of words, set or channel takes the approval back.
- Who is in the set is taken when it starts; whether each may be written to is asked again as each message leaves.
- Each person gets a campaign once: its message has the campaign's key, and a recipient becomes a message in one
  transaction.
- A campaign that is paused or cancelled sends nothing more from that moment on, also not what waits in the outbox.
"""
