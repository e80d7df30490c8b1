"""One person, several subjects: a merge is an alias, and can be undone (C3, DESIGN "Register and subject").

No row moves. A merged subject (the alias) points at the one it was merged into (the person's own), a step and no more:
so there are no chains and no cycles. Scopes that name a person reach every subject of theirs (`tillit_subjects`), the
directories answer with the person's own, and what each subject held is each one's again when the merge is undone.
"""

from collections.abc import Collection

from django.db.models import F, Q, Subquery
from django.db.models.functions import Coalesce

from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties import journal
from tillit.parties.errors import MergeRefusedError, UnknownSubjectError
from tillit.parties.journal_models import JournalKind
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subjects, wait_for_sets_of


def own(subject_id: int) -> int:
    """The subject that a person is known by: itself, or the one it was merged into."""
    return Subject.objects.filter(pk=subject_id).values_list("alias_of_id", flat=True).first() or subject_id


def same_person(subject_id: int) -> tuple[int, ...]:
    """Every subject of the person, their own first; asked in one statement, since nearly every page asks."""
    first = Subquery(Subject.objects.filter(pk=subject_id).values(first=Coalesce("alias_of_id", "id")))
    found = Subject.objects.filter(Q(pk=first) | Q(alias_of_id=first))
    return tuple(found.order_by(F("alias_of_id").asc(nulls_first=True), "id").values_list("id", flat=True)) or (
        subject_id,
    )


def same_people(subject_ids: Collection[int]) -> dict[int, int]:
    """Every subject of these people, whichever are named → the one the person is known by."""
    wanted = set(subject_ids)
    named = Subject.objects.filter(id__in=wanted, alias_of_id__isnull=False)
    people = wanted | set(named.values_list("alias_of_id", flat=True))
    aliases = Subject.objects.filter(alias_of_id__in=people).values_list("id", "alias_of_id")
    return {one: one for one in people} | {alias: into for alias, into in aliases if into is not None}


def merge(*, scope: Scope, subject_id: int, into: int) -> None:
    """Make `subject_id` an alias of `into`, both being one person; the caller has established that they are.

    Both are locked first, in order, so that of two merges at once the second sees the first. Raises
    `MergeRefusedError`: `same-subject`, `other-register`, `restricted` (restricted data is not processed, GDPR 18),
    `merged-already` (either is an alias, or the alias-to-be has one: undo that, or merge the other way), and
    `UnknownSubjectError`.
    """
    found = _locked(scope, subject_id, into)
    if subject_id == into:
        raise MergeRefusedError("same-subject", "that is one and the same already")
    if found[subject_id].register_id != found[into].register_id:
        raise MergeRefusedError("other-register", "people of two registers cannot be joined")
    if any(one.state for one in found.values()):
        raise MergeRefusedError("restricted", "processing of one of them is restricted; it is lifted first")
    if any(one.alias_of_id for one in found.values()) or Subject.objects.filter(alias_of_id=subject_id).exists():
        raise MergeRefusedError("merged-already", "one is merged already: undo that, or merge the other way")
    Subject.objects.filter(pk=subject_id).update(alias_of_id=into)
    journal.note(scope=scope, kind=JournalKind.MERGED, at=clock.now(), subject_id=subject_id, into=into)


def unmerge(*, scope: Scope, subject_id: int) -> int:
    """The alias is a person of its own again, with what it held; the subject it was merged into.

    Raises `MergeRefusedError`: `not-merged`, `restricted`.
    """
    into = own(subject_id)
    found = _locked(scope, subject_id, into)
    if found[subject_id].alias_of_id is None:
        raise MergeRefusedError("not-merged", "that one is merged into nobody")
    if any(one.state for one in found.values()):
        raise MergeRefusedError("restricted", "processing is restricted; it is lifted first")
    Subject.objects.filter(pk=subject_id).update(alias_of_id=None)
    journal.note(scope=scope, kind=JournalKind.PARTED, at=clock.now(), subject_id=subject_id, into=into)
    return into


def _locked(scope: Scope, *subject_ids: int) -> dict[int, Subject]:
    wait_for_sets_of(subject_ids=subject_ids)
    lock_subjects(scope=scope, subject_ids=subject_ids)
    found = Subject.objects.in_bulk(subject_ids)
    if missing := set(subject_ids) - set(found):
        raise UnknownSubjectError("unknown-subject", f"there are {len(missing)} of them no more")
    return found
