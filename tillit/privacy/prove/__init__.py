"""`tillit prove`: every promise of every published declaration as a live check with its evidence.

A *promise* is (controller, path in the declaration, text a person can read, kind of check). A *kind* is a module of
this package: it says which places of a declaration promise something of its kind, and looks at the running system:
the rows that are there, the policies PostgreSQL holds, what a scope really sees. No kind reads a configuration and
calls it kept; each has a test that breaks the running system and sees *broken*.

    kept           the check looked and found what the declaration says; its counts are the evidence
    broken         the check found otherwise; the faults name tables, rules and ids, never what a row says
    not_provable   nothing in the running system can show it yet, and why

Where nothing is held of a category, a promise about it is kept only because a count shows that no row, or no table,
exists. Checks read under the activity `proof`, which sees every declared category and writes nothing; what is held
outside the declaration is counted by functions of `tillit_proof`, which give counts only.
"""
