"""Acting for a customer under a mandate: ID protection (D3) and clean-up on the web (D4).

Both are kinds of case: who has wronged the person is a *counterpart* (a creditor, a site), with what was asked of it
and when it is looked at again; each letter out and answer in is a `Letter`, its file sealed with the case.

Invariants:

- A mandate is signed by the person themselves, signed in, in a wording whose version and digest are kept; it says what
  it covers and until when, and is withdrawn at any time.
- Without a mandate in force nothing goes to a counterpart and nothing is taken in from one. PostgreSQL refuses the
  letter and the disclosure (`registry.only_when`), whatever page or job asks.
- What goes out is a `Disclosed`: recipient, fields and ground stand in the person's log.
- Of ID cases staff see what `id_protection` reaches, and no other activity of theirs shows any of it, live or archived
  (`staff_under` in the vocabulary, kept by row security).
"""
