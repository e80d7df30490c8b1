"""A union's file becomes its register (B1): read, compared, shown, approved, applied; the same file again does nothing.

How it goes:

1. *Read.* Rows are split, and each is digested as it was sent. A row whose digest stands on an open membership is
   unchanged: nothing more is asked of it. The others are checked in vectors; what is wrong with a row is told, and the
   row is kept sealed for repair. Good rows are copied to temporary tables of this connection, which nobody else can
   read and no dump holds; national numbers as digests only, in clear in memory alone.
2. *Compare.* Directories say who is known by member number and national number; set statements say who is new, comes
   back, changed what, or has left. A file that would end more than the union's share of memberships stops here until
   somebody approves what it would do.
3. *Apply*, some ten thousand people a transaction. After a kill anywhere, the same file completes it: what was applied
   is unchanged then. Endings come last.

What was said by the member or the population register is not replaced by a file: it is counted as kept. A member whose
data is restricted is left as they are. Who is archived comes back with what was kept for joining again (B7).
"""
