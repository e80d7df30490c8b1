"""Whoever received data that is rectified, erased or restricted is told (GDPR 19, H2, H3, H4).

`owe` notes it in the transaction of the change; `told` when it was done. Until then `tillit prove` shows it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from tillit.audit.events import RECIPIENT_TOLD
from tillit.audit.operations import append
from tillit.disclosure.models import Disclosure, Notice, What
from tillit.kernel.scope import Scope

HOW = ("email", "post", "phone", "portal", "impossible", "disproportionate")


def owe(
    *,
    scope: Scope,
    subject_id: int,
    what: What,
    at: datetime,
    categories: Collection[str] | None = None,
    case_id: int | None = None,
) -> list[Notice]:
    """Note that every recipient of the person's data in `categories` (None: any) must be told; one notice a
    disclosure, once while it stands. Within a scope that reads and records disclosures. Returns the notices owed.

    A recipient that had the data several times is told for each reference. Processors are told by the change itself:
    they hold no copy of their own.
    """
    wanted = None if categories is None else set(categories)
    standing = set(
        Notice.objects.filter(subject_id=subject_id, what=what, told_at__isnull=True).values_list(
            "disclosure_id", flat=True
        )
    )
    owed = []
    for row in Disclosure.objects.filter(subject_id=subject_id).exclude(recipient_kind="processor"):
        about = sorted(row.fields if wanted is None else wanted & set(row.fields))
        if about and row.id not in standing:
            owed.append(
                Notice.objects.create(
                    subject_id=subject_id,
                    controller_id=row.controller_id,
                    state=row.state,
                    disclosure_id=row.id,
                    what=what,
                    categories=about,
                    owed_at=at,
                    case_id=case_id,
                )
            )
    return owed


def told(*, scope: Scope, subject_id: int, notice_ids: Collection[int], how: str, at: datetime) -> int:
    """The recipients of these notices have been told, or cannot be (`impossible`, `disproportionate`); how many."""
    if how not in HOW:
        raise ValueError(f"how: one of {', '.join(HOW)}")
    rows = Notice.objects.filter(subject_id=subject_id, id__in=list(notice_ids), told_at__isnull=True)
    waiting = list(rows.values_list("id", "disclosure_id", "what", "controller_id", "case_id"))
    recipients: Mapping[int, str] = dict(
        Disclosure.objects.filter(subject_id=subject_id, id__in=[one[1] for one in waiting]).values_list(
            "id", "recipient"
        )
    )
    rows.update(told_at=at, how=how)
    for _, disclosure, what, controller, case in waiting:
        details = {"recipient": recipients[disclosure], "what": what, "how": how}
        append(
            type=RECIPIENT_TOLD,
            scope=scope,
            controller=controller,
            subject=subject_id,
            details={**details, **({"case": case} if case is not None else {})},
        )
    return len(waiting)
