"""Who is who. Owns subjects, relationships, identity facts, sealed fields, directories, keys, staff and their roles.

Invariants: a subject belongs to exactly one register and its id is random and never changes; a register's people are
found only through directories (keyed digests), via claim, resolve and release; a sealed value opens only with the
(subject, controller) data key, so dropping the key shreds it; a merge is an alias and can be undone.
"""
