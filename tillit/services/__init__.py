"""The services a customer has. Owns the blocking service so far: cards and subscriptions, blocks, their issuers (D2).

A service is a kind of case (`cases.kinds`) with tables of its own only for what a case cannot hold.

Invariants:

- The number of a card or subscription is sealed with the person's own key, opened for a block alone, and every opening
  is an audit event. Taken off the service, it is gone at once.
- A block is one order an instrument, with a reference of its own. It is handed to the issuer under that reference; a
  try whose outcome is not known is asked about before anything is sent again, so no issuer gets an order twice.
- An order is open until its issuer confirms it or a colleague has seen to it: none is given up.
"""
