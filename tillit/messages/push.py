"""Browsers in which a person has switched notices on: kept sealed, removed by the person or when they are gone (B6)."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tillit.kernel.scope import Scope, system
from tillit.messages.models import PushSubscription
from tillit.parties.merging import same_people
from tillit.parties.operations import lock_subject
from tillit.parties.sealing import open_sealed, seal

CHANNEL = "push"
MOST = 10
"""Browsers one person may have."""
_WORKING = "retention"
"""Sees and writes wherever a subscription may stand, also what is archived or restricted; it only takes away here."""


@dataclass(frozen=True)
class Browser:
    """A browser as a push service knows it. `id`: of the row; `endpoint`: where to send; the others encrypt."""

    subject_id: int
    controller_id: int
    id: int
    endpoint: str
    p256dh: str
    auth: str


def subscribe(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    endpoint: str,
    p256dh: str,
    auth: str,
    device: str,
    at: datetime,
) -> PushSubscription:
    """Keep a browser's subscription; the same one again replaces it, and beyond `MOST` the oldest goes."""
    state = lock_subject(scope=scope, subject_id=subject_id)
    standing = _rows([subject_id])
    again = [row.id for browser, row in standing if browser.endpoint == endpoint]
    others = [row.id for _, row in standing if row.id not in again]
    PushSubscription.objects.filter(subject_id=subject_id, id__in=[*again, *others[MOST - 1 :]]).update(removed_at=at)
    said = json.dumps({"endpoint": endpoint, "p256dh": p256dh, "auth": auth})
    return PushSubscription.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        sealed=seal(
            subject_id=subject_id,
            controller_id=controller_id,
            table=PushSubscription._meta.db_table,
            column="sealed",
            value=said,
        ),
        device=device[:60],
        made_at=at,
    )


def unsubscribe(*, scope: Scope, subject_id: int, row_id: int, at: datetime) -> bool:
    """Switch notices off in one browser; whether they were on."""
    lock_subject(scope=scope, subject_id=subject_id)
    rows = PushSubscription.objects.filter(subject_id=subject_id, id=row_id, removed_at__isnull=True)
    return bool(rows.update(removed_at=at))


def of(*, subject_id: int) -> list[PushSubscription]:
    """The person's browsers, newest first, as far as the open scope sees."""
    rows = PushSubscription.objects.filter(subject_id=subject_id, removed_at__isnull=True, gone_at__isnull=True)
    return list(rows.order_by("-made_at"))


def switched_on(*, subject_ids: Collection[int]) -> set[int]:
    """Those of the people who have a browser with notices on, on any subject of theirs."""
    people = same_people(subject_ids)
    rows = PushSubscription.objects.filter(subject_id__in=list(people), removed_at__isnull=True, gone_at__isnull=True)
    have = {people[subject] for subject in rows.values_list("subject_id", flat=True)}
    return {subject for subject in subject_ids if people[subject] in have}


def known(*, subject_ids: Collection[int]) -> dict[int, str]:
    """Person → their browsers, of every subject of theirs, as an envelope's address (`opened`)."""
    people = same_people(subject_ids)
    browsers: dict[int, list[dict[str, object]]] = {}
    for browser, _ in _rows(people):
        browsers.setdefault(people[browser.subject_id], []).append(vars(browser))
    return {one: json.dumps(browsers[people[one]]) for one in subject_ids if people[one] in browsers}


def opened(address: str) -> list[Browser]:
    """The browsers that an envelope goes to."""
    return [Browser(**one) for one in json.loads(address)]


def gone(*, browsers: Sequence[Browser], at: datetime) -> None:
    """These are no more, says the push service (404, 410): they are used no more and lapse as declared."""
    for one in browsers:
        with Scope(system("push", {one.controller_id}), _WORKING, frozenset({one.subject_id})):
            PushSubscription.objects.filter(subject_id=one.subject_id, id=one.id).update(gone_at=at)


def _rows(subject_ids: Collection[int]) -> list[tuple[Browser, PushSubscription]]:
    rows = PushSubscription.objects.filter(
        subject_id__in=list(subject_ids), removed_at__isnull=True, gone_at__isnull=True
    )
    return [(_opened(row), row) for row in rows.order_by("subject_id", "-made_at")]


def _opened(row: PushSubscription) -> Browser:
    said = json.loads(
        open_sealed(
            subject_id=row.subject_id,
            controller_id=row.controller_id,
            table=PushSubscription._meta.db_table,
            column="sealed",
            sealed=row.sealed,
        )
    )
    return Browser(row.subject_id, row.controller_id, row.id, **said)
