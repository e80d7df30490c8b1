"""What is sealed is sealed, what is a digest is keyed (A6, C4, D2): the bytes in the rows, and a sample opened."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection

from tillit.audit import events
from tillit.audit.operations import append
from tillit.declaration import registry
from tillit.declaration.registry import PersonalTable
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.identifiers import email
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.parties.digests import Kind as DigestKind
from tillit.parties.digests import digest
from tillit.parties.errors import SealedValueLostError
from tillit.parties.sealing import open_sealed
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts, word

OPENED = 3
_SHORTEST = 1 + 12 + 16


def _promised(declaration: Declaration) -> Iterator[Said]:
    for use in declaration.categories:
        if vocabulary().categories[use.key].sealed:
            said = texts(declaration, "sealed", category=word("categories", use.key))
            yield Said(f"categories.{use.key}.sealed", said, use.key)


def _check(context: Context, said: Said) -> Finding:
    category: str = said.item
    tables = registry.holding(category)
    faults, rows, opened = [], 0, 0
    for table in tables:
        if not table.sealed:
            faults.append(f"{table.table} holds {category} and seals no column")
        with context.scope() as scope:
            for column in table.sealed:
                found, wrong = _format(context, table, column)
                rows += found
                if wrong:
                    faults.append(f"{table.table}.{column}: {wrong} rows are not sealed bytes")
                for ok in _open(context, scope, table, column, category):
                    opened += ok
                    faults += [] if ok else [f"{table.table}.{column}: a sample does not open"]
            faults += _clear_digits(context, table)
    return judged(faults, rows=rows, opened=opened, tables=len(tables))


def _format(context: Context, table: PersonalTable, column: str) -> tuple[int, int]:
    """How many values there are, and how many are not version, nonce and ciphertext."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE octet_length({column}) < %s OR get_byte({column}, 0) <> 1"
            f" OR encode({column}, 'escape') ~ '[0-9]{{8}}')"
            f" FROM {table.table} WHERE controller_id = %s AND octet_length({column}) > 0",
            [_SHORTEST, context.id],
        )
        rows, wrong = cursor.fetchone()
        return int(rows), int(wrong)


def _open(context: Context, scope: Scope, table: PersonalTable, column: str, category: str) -> Iterator[bool]:
    """Opens a few, each opening on record; nothing of what they say leaves this function."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT subject_id, {column} FROM {table.table} WHERE controller_id = %s AND {column} IS NOT NULL"
            f" LIMIT {OPENED}",
            [context.id],
        )
        chosen: list[tuple[int, Any]] = cursor.fetchall()
    for subject, sealed in chosen:
        try:
            clear = open_sealed(
                subject_id=subject, controller_id=context.id, table=table.table, column=column, sealed=sealed
            )
        except (SealedValueLostError, ValueError, IndexError):
            yield False
            continue
        append(
            type=events.KEY_OPENED,
            scope=scope,
            subject=subject,
            details={"purpose": "proof", "category": category},
        )
        yield bool(clear) and clear.encode() not in bytes(sealed)


def _clear_digits(context: Context, table: PersonalTable) -> Iterator[str]:
    """A table with sealed columns has no other column with a long number in clear."""
    for field in table.model._meta.concrete_fields:
        if field.get_internal_type() in {"CharField", "TextField"} and field.column not in table.sealed:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT count(*) FROM {table.table} WHERE controller_id = %s AND {field.column} ~ '[0-9]{{8}}'",
                    [context.id],
                )
                if clear := cursor.fetchone()[0]:
                    yield f"{table.table}.{field.column}: {clear} rows with a long number in clear"


def _digests(context: Context, said: Said) -> Finding:
    """Directories hold 128-bit digests only, and those of known addresses are the register's keyed ones."""
    register, known = context.controller.register_id, defaultdict(set)
    with context.scope(joint=True), connection.cursor() as cursor:
        cursor.execute(load(__file__, "digests", "columns"))
        faults = [f"parties_directory.{name} may hold text" for (name,) in cursor.fetchall()]
        cursor.execute(load(__file__, "digests", "addresses"), {"holder": context.holder_id})
        for subject, kind, value in cursor.fetchall():
            number = DigestKind.EMAIL if kind == "email" else DigestKind.PHONE
            key = email.matching_key(value) if kind == "email" else value
            known[subject, int(number)].add(digest(register, number, key))
        cursor.execute("SELECT kind, digest, subject_id FROM proof_digests(%s, %s)", [register, [s for s, _ in known]])
        found = [(kind, one, subject) for kind, one, subject in cursor.fetchall() if (subject, kind) in known]
    wrong = sum(one not in known[subject, kind] for kind, one, subject in found)
    if wrong:
        faults.append(f"{wrong} digests are not keyed digests of the person's addresses")
    return judged(faults, addresses=len(known), digests_recomputed=len(found))


KIND = Kind("sealed", _promised, _check)
DIGESTS = Kind("digests", once("digests", "categories.identifiers"), _digests)
