"""Competitions (F8). Owns competitions, who has entered, who has won and whose prize is sent.

Invariants:
- Name and contact details of an entry are used to tell a winner and to send the prize, and for nothing else: only the
  activity `competitions` sees the category, and only winners get a message.
- One entry a person: a member once, an address once, after it was confirmed from the address; each is told the ticket.
- The list is closed by a job at the closing time, before an announced number can be known.
- Winners are drawn by a draw that anyone can repeat; whose ticket is whose stands in the entries alone.
- Entries go as declared from the day of the draw; who entered as a stranger is related to us only as long as one is
  left.
- An entry knows nothing of a survey that led to it, nor the survey of the entry.
"""
