"""What Tillit does by itself: one dispatcher wakes every minute and starts what is due; each job calls one function.

Invariants: a job carries ids and names only, never facts about a person; a running job is not started again; one
that was missed (the worker was down) is started when the worker is back; finished jobs are deleted.
"""
