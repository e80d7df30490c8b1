"""What people leave behind once their rows are gone, and the tables that hold no subjects.

A directory digest stays only while the person has a row of the category it identifies by; a data key only while a
sealed row needs it. Logins go by their own rules (`owned`), and with the person. A subject without any row is erased
last.
"""

from collections.abc import Collection
from datetime import date

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.parties.operations import lock_subjects, wait_for_sets_of
from tillit.privacy import presence
from tillit.privacy.models import LooseEnd
from tillit.privacy.presence import Held, held

_CHUNK = 20_000


def loose_ends() -> None:
    """Release digests, keys, logins and subjects that nothing needs any more, among everybody whose rows were disposed
    of (`privacy_loose_end`), in chunks of one transaction each.
    """
    actor, done = system("retention", Controller.objects.values_list("id", flat=True)), _CHUNK
    while done == _CHUNK:
        with Scope(actor, "retention") as scope:
            chunk = list(LooseEnd.objects.order_by("subject_id").values_list("subject_id", flat=True)[:_CHUNK])
            wait_for_sets_of(subject_ids=chunk)
            tie_up(scope=scope, subjects=chunk)
            done = len(chunk)


def tie_up(*, scope: Scope, subjects: Collection[int]) -> None:
    """The same for `subjects`, in the open scope. They are locked: a row being added meanwhile is seen, or waits. The
    caller has waited for sets under way (`wait_for_sets`).
    """
    chunk = sorted(lock_subjects(scope=scope, subject_ids=subjects))
    standing = held(chunk)
    _release_digests(chunk, standing)
    _drop_keys(chunk)
    having = {one.subject_id for one in standing}
    if gone := [subject for subject in chunk if subject not in having]:
        forget(gone)
    LooseEnd.objects.filter(subject_id__in=list(subjects)).delete()


def forget(subjects: list[int]) -> None:
    """Erase what the registry owns for subjects without rows, and the subjects. Needs an open scope."""
    journal.forget_digests(subjects=subjects)
    standing = {one.table for one in presence.owned(subjects, [t for t in registry.erasable() if not t.eraser])}
    with connection.cursor() as cursor:
        for owned in registry.erasable():
            if owned.eraser:
                cursor.execute(f"SELECT {owned.eraser}(%s)", [subjects])
            elif owned.table in standing:
                cursor.execute(f"DELETE FROM {owned.table} WHERE {owned.where}", {"subjects": subjects})
        cursor.execute("UPDATE parties_subject SET alias_of_id = NULL WHERE alias_of_id = ANY (%s)", [subjects])
        cursor.execute("DELETE FROM parties_subject WHERE id = ANY (%s)", [subjects])


def _release_digests(subjects: list[int], standing: Collection[Held]) -> None:
    """Release what identifies people by a category of which none of their rows is left."""
    lost: dict[tuple[int, ...], list[int]] = {}
    for kind, category in registry.DIGEST_KINDS.items():
        having = {one.subject_id for one in standing if one.category == category}
        if without := tuple(subject for subject in subjects if subject not in having):
            lost.setdefault(without, []).append(kind)
    for people, kinds in lost.items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT directory_release_kind(k, %s) FROM unnest(%s::smallint[]) AS k", [list(people), kinds]
            )
        journal.forget_digests(subjects=list(people), directories=kinds)


def _drop_keys(subjects: list[int]) -> None:
    """Shred the keys of every (person, controller) with no sealed row left."""
    sealing = [t.table for t in registry.PERSONAL.values() if t.sealed]
    needed = " UNION ".join(
        [
            *(f"SELECT subject_id, controller_id FROM {t} WHERE subject_id = ANY (%(subjects)s)" for t in sealing),
            "SELECT subject_id, 0 FROM parties_journal WHERE subject_id = ANY (%(subjects)s) AND sealed IS NOT NULL",
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT keys_drop_unneeded(%(subjects)s, coalesce(array_agg(subject_id), '{}'),"
            f" coalesce(array_agg(controller_id), '{{}}')) FROM ({needed}) n",
            {"subjects": subjects},
        )


def lapsed_elsewhere(*, on: date) -> dict[str, int]:
    """Empty the tables without subjects (sessions, staging, quarantine) of what is past its declared life."""
    counts = {}
    timed = [(t.model, t.kept, t.clock_column) for t in registry.TRANSIENT.values()]
    timed += [(o.model, o.kept, o.clock_column) for o in registry.OWNED.values() if o.kept and o.clock_column]
    for model, kept, column in timed:
        period, name = IsoPeriod.parse(kept), model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {name} WHERE {column} + %s::interval <= %s",
                [f"{period.months} months {period.days} days", on],
            )
            counts[name] = cursor.rowcount
    return counts
