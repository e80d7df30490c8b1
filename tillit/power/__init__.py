"""Power customers: metering points, contracts, meter values, and what hangs on the visualisation app (E1, E2, E7).

A customer's metering point (GSRN, 18 digits) stands with its position, price area and grid company; which contract it
is supplied under, from when to when, stands as dated rows; what was measured stands as one row a point, direction and
local day, with integer watt-hours packed.

Invariants:

- A day is a local calendar day (Europe/Oslo): 23, 24 or 25 hours, or 92, 96 or 100 quarters. A value's place in its day
  follows from the moment it begins, so both clock changes are exact (`slots`).
- Of two values for the same interval the one registered last counts, whatever order they come in; of two registered at
  the same moment the better quality, then the greater. What did not count is kept beside it as a correction.
- A value is taken in only for a day on which the point is supplied under somebody's contract, and becomes theirs.
- No two contracts of a person's point overlap, and a point is supplied to one person at a time (a directory holds it).
- What is derived for the app is derived only while the person uses it, and goes in the transaction that ends this.
"""
