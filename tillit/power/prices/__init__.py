"""Prices, taxes, tariffs, schemes, plans and temperatures of power as dated reference rows (E3, E4). No personal data.

Rates are whole ten-thousandths of an øre a kilowatt-hour (`RATE` = 10 000 of them are one øre), amounts are øre, energy
is watt-hours, power is watts. Nothing of what the law or a company decides is a constant in the code: it is a row with
the day it counts from.

Invariants:

- Of the rows of one key the one with the latest `starts` counts, until its own `ends` (exclusive) if it has one.
- A place is '' (the whole country), a county (two digits) or a municipality (four): the most exact one counts.
- A day's spot prices are final, preliminary or missing; final goes before preliminary, later published before earlier.
  What was replaced stays on record, so that files may come in any order and lead to the same.
- A row that differs from the stored one of its key is refused unless the importer says that it is a correction.
"""

RATE = 10_000
"""So many units of a rate are one øre a kilowatt-hour; a rate times watt-hours is billionths of a krone."""
