"""The promise. Owns controllers and registers, the typed declaration, its vocabulary and checks, the registry of
personal tables, the compiler from declaration to row security, published versions, and the rendered statement.

Invariants: a published version never changes; every personal table is registered with one category (or a category
column); row-security policies in the database equal what the registry and the published declarations compile to.
"""
