"""The values every other layer is built from. No models, no tables, no imports from the rest of Tillit.

Owns: money and rounding (`money`, `rounding`), half-open periods, ISO 8601 lengths and calendar deadlines
(`periods`), the one clock (`clock`), identifiers (`identifiers`), Norwegian sorting (`collation`), scope,
named SQL and the root of all errors.

Invariants: amounts are whole minor units of one currency; periods include their start and exclude their end;
only `clock` asks the machine for the time; no error text holds the value it refuses.
"""
