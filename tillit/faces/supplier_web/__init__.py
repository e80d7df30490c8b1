"""Pages of the suppliers of benefits: check a membership card, handle orders. Signed in with the supplier's key.

A supplier sees its own orders as far as each union's frame reaches, and of a card one bit.
"""
