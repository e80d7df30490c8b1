"""Making, filling, following and ending audiences (B10). What is sent is on record before it is sent.

A run brings three things together: who may be in the audience, who is (our rows that may be read), and what the network
last acknowledged to hold, as a digest over the whole set. Only from that very set does a run add and remove. Where it
is another (somebody was erased or restricted) or unknown (a call failed, an answer was lost), and where the network's
number is not ours, everything is replaced. Before a call the digest is taken away, after it it stands. Rows are
written before people are added and deleted after they are removed, so a run that dies is made good by the next.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from django.db import IntegrityError, connection, transaction

from tillit.audit.operations import append
from tillit.audit.types import CODE, COUNT, event_type
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.disclosure.operations import disclose_many
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.outreach.audiences import queries
from tillit.outreach.audiences.client import Hashed, Network, named
from tillit.outreach.audiences.errors import AudienceError, NetworkError
from tillit.outreach.audiences.models import Audience, AudienceMember, AudienceRun
from tillit.parties.models import Subject

DAILY = "P1D"
"""How often at most somebody is shown an advertisement, where the declaration does not say."""
AGAIN = (1, 1, 2, 5, 15)
"""Minutes before a further try: a no must reach the network as soon as it listens again."""
log = structlog.get_logger(__name__)
CHANGED = event_type("audience.changed", subject="none", network=CODE, added=COUNT, removed=COUNT, held=COUNT)


def make(*, scope: Scope, controller: Controller, network: str, name: str) -> Audience:
    """A new audience at a network the controller has approved; nobody is in it yet. Raises `AudienceError`."""
    _approved(controller, network)
    named(network)
    title = " ".join(name.split())[:80]
    if not title:
        raise AudienceError("name", "an audience needs a name")
    try:
        with transaction.atomic():
            return Audience.objects.create(controller=controller, network=network, name=title, made_at=clock.now())
    except IntegrityError:
        raise AudienceError("name", "there is an audience of that name at the network") from None


def fill(*, audience: Audience) -> AudienceRun | None:
    """Everybody who may be in the audience now is, and nobody else; what was done. Outside every scope."""
    return _run(audience, adding=True)


def follow(*, audience: Audience) -> AudienceRun | None:
    """Whoever may not be in the audience any longer is taken out, here and at the network; what was done, None for
    nothing. Outside every scope.
    """
    return _run(audience, adding=False)


def follow_everywhere() -> int:
    """The worker's run over every audience, unless the last failure asks to wait; how many were changed."""
    now, changed = clock.now(), 0
    for audience in Audience.objects.filter(ended_at__isnull=True).exclude(outside="").order_by("pk"):
        if audience.next_try is not None and audience.next_try > now:
            continue
        try:
            changed += follow(audience=audience) is not None
        except TillitError as failed:
            log.warning("audience_failed", audience=audience.pk, code=failed.code)
    return changed


def end(*, audience: Audience) -> None:
    """The audience is no more: at the network, then here. Raises `NetworkError` while the network does not say so."""
    if audience.outside:
        named(audience.network).end(audience.outside)
    gone = _forget(audience, None)
    now = clock.now()
    Audience.objects.filter(pk=audience.pk).update(ended_at=now, held=0, failure="", next_try=None)
    AudienceRun.objects.create(audience=audience, at=now, removed=gone)


def _approved(controller: Controller, network: str) -> str:
    """How often at most an advertisement is shown, as declared. Raises `AudienceError` `not-approved`."""
    declared = current(controller_id=controller.pk, on=clock.today())
    activity = declared.activity(queries.ACTIVITY)
    if activity is None or network not in {one.key for one in queries.networks(declared)}:
        raise AudienceError("not-approved", f"{controller.key} has not approved advertising at {network}")
    return activity.at_most_every or DAILY


def _run(audience: Audience, *, adding: bool) -> AudienceRun | None:
    audience.refresh_from_db()
    try:
        outside = named(audience.network)
        done = _follow(audience, outside, adding=adding)
    except (NetworkError, AudienceError) as failed:
        _failed(audience, failed)
        raise
    Audience.objects.filter(pk=audience.pk).update(run_at=clock.now(), failure="", tries=0, next_try=None)
    return done


def _follow(audience: Audience, outside: Network, *, adding: bool) -> AudienceRun | None:
    controller = audience.controller
    try:
        every = _approved(controller, audience.network)
        allowed = queries.reach(controller=controller).people
    except AudienceError:
        every, allowed, adding = DAILY, {}, False  # approved no more: everybody is taken out
    inside = _inside(audience)
    leaving = {s: hashed for s, hashed in inside.items() if allowed.get(s) != hashed}
    joining = {s: hashed for s, hashed in allowed.items() if inside.get(s) != hashed} if adding else {}
    if joining and not audience.outside:
        brand = controller.name
        audience.outside = outside.make(name=f"{controller.key} {audience.pk}", advertiser=brand, at_most_every=every)
        audience.acknowledged = acknowledged(audience.outside, ())
        Audience.objects.filter(pk=audience.pk).update(outside=audience.outside, acknowledged=audience.acknowledged)
    if not audience.outside:
        return None
    staying = {s: hashed for s, hashed in inside.items() if s not in leaving}
    replaced = audience.acknowledged != acknowledged(audience.outside, inside.values())
    _forget(audience, leaving.keys() & joining.keys())  # another address takes the row's place
    added = _put_in(audience, joining) if joining else {}
    if not (leaving or added or replaced):
        return None
    target = staying | added
    wanted = sorted(set(target.values()))
    _remember(audience, held=audience.held, digest="")
    if not replaced:
        kept = set(wanted)
        before = {*inside.values()}
        held = outside.change(audience.outside, remove=sorted(before - kept), add=sorted(kept - before))
        replaced = held != len(wanted)
    if replaced:
        held = outside.replace(audience.outside, people=wanted)
    if held != len(wanted):
        raise NetworkError("network-garbled", "the network holds others than it was told")
    _forget(audience, leaving.keys() - added.keys())
    with queries.scope_of(controller) as scope:
        unsent = AudienceMember.objects.filter(audience_id=audience.pk, sent_at=None, subject_id__in=sorted(target))
        unsent.update(sent_at=clock.now())
        _remember(audience, held=held, digest=acknowledged(audience.outside, wanted))
        details = {"network": audience.network, "added": len(added), "removed": len(leaving), "held": held}
        append(type=CHANGED, scope=scope, controller=controller.pk, details=details)
        return AudienceRun.objects.create(
            audience=audience,
            at=clock.now(),
            added=len(added),
            removed=len(leaving),
            replaced=replaced,
            held=held,
        )


def acknowledged(outside: str, people: Iterable[Hashed]) -> str:
    """A digest over the set that the network was told to hold and said it does: 64 hexadecimal digits."""
    return sha256("\n".join([outside, *(f"{e}:{p}" for e, p in sorted(set(people)))]).encode()).hexdigest()


def _remember(audience: Audience, *, held: int, digest: str) -> None:
    """What the network acknowledged to hold; '' while a call is under way, and where its answer was lost."""
    audience.held, audience.acknowledged = held, digest
    Audience.objects.filter(pk=audience.pk).update(held=held, acknowledged=digest)


def _inside(audience: Audience) -> dict[int, Hashed]:
    with queries.scope_of(audience.controller):
        rows = AudienceMember.objects.filter(audience_id=audience.pk)
        return {row[0]: (row[1], row[2]) for row in rows.values_list("subject_id", "email", "phone")}


def _put_in(audience: Audience, people: dict[int, Hashed]) -> dict[int, Hashed]:
    """Put the people on record, as leaving to the network and as being in the audience; those who may."""
    controller, now = audience.controller, clock.now()
    fields = {s: {queries.CATEGORY: {"email": e, "phone": p}} for s, (e, p) in people.items()}
    with queries.scope_of(controller) as scope:
        sent = disclose_many(
            scope=scope,
            register_id=controller.register_id,
            controller_id=controller.pk,
            recipient=audience.network,
            people=fields,
            at=now,
        )
        chosen = {one.subject_id: people[one.subject_id] for one in sent.items}
        states = dict(Subject.objects.filter(id__in=chosen).values_list("id", "state"))
        AudienceMember.objects.bulk_create(
            [
                AudienceMember(
                    subject_id=subject,
                    controller_id=controller.pk,
                    state=states[subject],
                    audience_id=audience.pk,
                    email=hashed[0],
                    phone=hashed[1],
                    added_at=now,
                )
                for subject, hashed in chosen.items()
            ],
            batch_size=2000,
        )
    return chosen


def _forget(audience: Audience, people: Iterable[int] | None) -> int:
    """Delete the rows of people (None: everybody) that the network holds no more; how many."""
    with Scope(system("audiences", {audience.controller_id}), "retention"), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audiences_member WHERE audience_id = %s AND (%s::bigint[] IS NULL OR subject_id = ANY (%s))",
            [audience.pk, *[None if people is None else sorted(people)] * 2],
        )
        return int(cursor.rowcount)


def _failed(audience: Audience, error: TillitError) -> None:
    wait = timedelta(minutes=AGAIN[min(audience.tries, len(AGAIN) - 1)])
    now: datetime = clock.now()
    Audience.objects.filter(pk=audience.pk).update(
        run_at=now, failure=error.code, tries=audience.tries + 1, next_try=now + wait
    )
