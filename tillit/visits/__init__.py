"""Visit statistics of one's own (G3). Owns single views under a visitor number of the day, and each hour's figures.

Invariants:
- No cookie, nothing of a person: the visitor number is a keyed hash of the truncated network address and the browser's
  words for itself, under a salt that lives one day and is then destroyed; no dump holds it. Neither address nor words
  are stored. So nobody can be followed from one day to the next, nor found again from what is stored.
- Who asks not to be counted (Global Privacy Control, Do Not Track, our own opt-out) is not, and leaves no trace.
- Of an address of a page, what could be a token is taken out; of where somebody came from, the host.
"""
