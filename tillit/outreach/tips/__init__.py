"""Tips to friends (B8). Owns no table, no queue, no file: a tip lives as long as the call that sends it.

Invariants:
- Neither the friend's address nor the sender's words reach a database, a log, a queue, the outbox or a mail folder.
  A mail that cannot be handed over is not tried again: the sender is told.
- How often is counted by the sender's network alone, truncated and digested like every count of tries; nothing is
  counted by the friend's address.
- The words are the sender's own few, without addresses or links: the only link is to a page of ours, and holds
  nothing of the sender or the friend.
"""
