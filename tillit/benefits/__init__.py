"""Benefits. Owns suppliers and the frame each union gives them, the catalogue, codes, orders, and how much it is used.

The catalogue is one for all unions of the installation's operator; whose members see a benefit, and when, stands in
dated rows (`Validity`). What a member sees, and what leaves to a supplier, is asked of the declaration and the register
at that moment.

Invariants:

- What members see of a benefit is its latest published edition, never a draft; an edition that was published is never
  changed (held by the database's own history: the next edit makes the next one).
- A single-use code is drawn exactly once, by whoever comes first; drawn, it stands with its member and nowhere else.
- Name, address, postal place and phone of an order stand in the order alone: no fact is made of them, and no activity
  but those that handle orders reads their category.
- Nothing of an order reaches a supplier but through `disclosure`, cut to what its frame allows and the benefit needs.
- How often a benefit was looked at, opened or ordered is a number a month: no person, no address, no moment.
"""
