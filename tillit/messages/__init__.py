"""Every message to or from a person: a row, a state, a transport (F11). Only one-time codes go unstored (ADR 6).

Invariants:
- `operations.send` puts a message in the outbox in the caller's transaction; the worker (`outbox.deliver`) sends it. A
  `key` makes it one of a kind: the same key for the same person is the same message.
- A worker claims a message and commits before it speaks to a transport, and no two claim the same. One that died in
  between leaves `sending`: a service message is sent again under the same Message-ID, marketing is not (`unknown`).
- Whether a person may be written to is asked when the message is put in and again when it leaves. Marketing needs its
  ground; a service message reaches everybody concerned, on Min side where there is no address.
- A message keeps the values its template was filled with, not the address it went to.
"""
