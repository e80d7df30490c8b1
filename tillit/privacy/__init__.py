"""The engine that keeps the promises: retention, archive, holds, rights, erasure, access, proof.

It knows no domain. It reads the registry (what each table holds, which clocks it has) and the declarations (how long,
why, for whom) and compiles both to set SQL. Invariants: a row is due when every activity that applies to it has lapsed;
an open clock means keep; precedence is hold, statutory minimum, ceiling, latest lapse; nothing is overdue.
"""
