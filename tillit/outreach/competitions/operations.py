"""Making a competition, opening it (with the commitment to its draw), drawing, sending prizes (F8). Keyword-only."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.messages.telling import tell
from tillit.outreach.competitions import events
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.draws import operations as draws
from tillit.outreach.draws.errors import DrawError
from tillit.parties import operations as parties
from tillit.parties.models import Relationship

ACTIVITY, KIND = "competitions", "visitor"
APART = timedelta(hours=1)
"""From closing to the announced number, at least: the list is closed by a job, which may wait."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Content:
    """What a competition says. texts: language → title, about, question; languages without a title are left out."""

    texts: dict[str, dict[str, str]]
    correct: str
    announced: str
    announced_at: datetime | None
    winners: int
    members_only: bool
    closes_at: datetime


def create(*, scope: Scope, controller: Controller, content: Content) -> Competition:
    """A new draft. Raises `CompetitionError`."""
    return Competition.objects.create(controller=controller, **_checked(content))


def change(*, scope: Scope, competition: Competition, content: Content) -> None:
    """What a draft says."""
    values = _checked(content)
    if not Competition.objects.filter(pk=competition.pk, stage=Stage.DRAFT).update(**values):
        raise CompetitionError("stage", "only a draft is changed")


def open_now(*, scope: Scope, competition: Competition) -> None:
    """People may enter: its words stand, and the digest of the seed is published before the first entry."""
    held = _locked(competition, Stage.DRAFT)
    if held.closes_at <= clock.now():
        raise CompetitionError("closes", "it closes at a time to come")
    names = {code: said["title"] for code, said in held.texts.items()}
    held.draw = draws.commit(scope=scope, controller=held.controller, names=names,
        announced=held.announced, announced_at=held.announced_at)  # fmt: skip
    held.stage = Stage.OPEN
    held.save()
    append(type=events.OPENED, scope=scope, controller=held.controller_id, details={"competition": held.pk})


def discard(*, scope: Scope, competition: Competition) -> None:
    """The draft is no more."""
    _locked(competition, Stage.DRAFT).delete()


def close_list(*, competition: Competition) -> int:
    """Entering is over: the list of tickets stands and is published with its digest, whatever anybody does later; how
    many tickets. Again: as it stood. Outside every scope. Raises `CompetitionError`.
    """
    with transaction.atomic(), Scope(system("competitions", {competition.controller_id}), ACTIVITY) as scope:
        held = _locked(competition, Stage.OPEN)
        assert held.draw is not None  # noqa: S101 (open only with one)
        if clock.now() < held.closes_at:
            raise CompetitionError("stage", "people may still enter")
        if held.draw.closed_at is not None:
            return held.draw.entrants
        mine = Entry.objects.filter(controller_id=held.controller_id, competition_id=held.pk)
        tickets = [row.ticket for row in mine if not held.correct or _same(row.answer, held.correct)]
        return draws.close(scope=scope, draw=held.draw, tickets=tickets).entrants


def close_everywhere() -> int:
    """The worker's run, each minute: the lists of competitions whose time has come are closed; how many."""
    closed = 0
    due = Competition.objects.filter(stage=Stage.OPEN, closes_at__lte=clock.now(), draw__closed_at__isnull=True)
    for competition in due.order_by("pk"):
        try:
            close_list(competition=competition)
            closed += 1
        except TillitError as failed:
            log.warning("list_not_closed", competition=competition.pk, code=failed.code)
    return closed


def announce_anew(*, scope: Scope, competition: Competition, announced: str, announced_at: datetime | None) -> None:
    """Another number for a list that stood too late for the one announced. Raises `CompetitionError` `announced`,
    `stage`.
    """
    held = _locked(competition, Stage.OPEN)
    assert held.draw is not None  # noqa: S101 (open only with one)
    if announced_at is None:
        raise CompetitionError("announced", "a number is announced with its moment")
    try:
        draws.announce_anew(scope=scope, draw=held.draw, announced=announced, announced_at=announced_at)
    except DrawError as refused:
        raise CompetitionError(_SAID.get(refused.code, "stage"), str(refused)) from None
    Competition.objects.filter(pk=held.pk).update(announced=announced.strip()[:120], announced_at=announced_at)


def draw(*, scope: Scope, competition: Competition, mixed_in: str = "") -> int:
    """Draw from the list that stands, tell the winners and nobody else; how many won: 0 where nobody was right. Who was
    erased since then wins nothing. Raises `CompetitionError` `stage`, `list`, `mixed`, `early`, `late`.
    """
    held = _locked(competition, Stage.OPEN)
    if clock.now() < held.closes_at:
        raise CompetitionError("stage", "people may still enter")
    assert held.draw is not None  # noqa: S101 (open only with one)
    if held.draw.closed_at is None:
        raise CompetitionError("list", "the list does not stand yet")
    try:
        chosen = draws.draw_now(scope=scope, draw=held.draw, count=held.winners, mixed_in=mixed_in)
    except DrawError as refused:
        raise CompetitionError(_SAID.get(refused.code, "mixed"), str(refused)) from None
    mine = Entry.objects.filter(controller_id=held.controller_id, competition_id=held.pk)
    rows = {row.ticket: row for row in mine.filter(ticket__in=chosen)}
    held.stage, held.drawn_at = Stage.DRAWN, clock.now()
    held.save()
    mine.update(drawn_at=held.drawn_at)
    for place, ticket in enumerate(chosen, start=1):
        row = rows.get(ticket)
        if row is None:
            continue
        Entry.objects.filter(subject_id=row.subject_id, id=row.id).update(won=place)
        row.won, row.drawn_at = place, held.drawn_at
        _tell(scope, held, row)
    details = {"competition": held.pk, "entries": held.draw.entrants, "winners": len(rows)}
    append(type=events.DRAWN, scope=scope, controller=held.controller_id, details=details)
    return len(rows)


def prize_sent(*, scope: Scope, competition: Competition, entry_id: int) -> None:
    """The prize is on its way to the winner."""
    mine = Entry.objects.filter(controller_id=competition.controller_id, competition_id=competition.pk)
    row = mine.filter(id=entry_id, won__isnull=False, sent_at__isnull=True).first()
    if row is None:
        raise CompetitionError("stage", "nobody waits for that prize")
    Entry.objects.filter(subject_id=row.subject_id, id=row.id).update(sent_at=clock.now())
    details = {"competition": competition.pk}
    append(type=events.PRIZE_SENT, scope=scope, controller=competition.controller_id, subject=row.subject_id,
           details=details)  # fmt: skip


def follow_everywhere() -> int:
    """The worker's run: strangers whose last entry is gone are related to us no longer; how many."""
    ended = 0
    for controller in Controller.objects.filter(pk__in=Competition.objects.values("controller")).order_by("pk"):
        with Scope(system("competitions", {controller.pk}), ACTIVITY) as scope:
            kept = Entry.objects.filter(controller_id=controller.pk).values("subject_id")
            rows = Relationship.objects.filter(controller_id=controller.pk, kind=KIND, ended__isnull=True)
            for subject in list(rows.exclude(subject_id__in=kept).values_list("subject_id", flat=True)):
                ended += parties.end_relationship(
                    scope=scope, subject_id=subject, controller_id=controller.pk, kind=KIND, ended=clock.today(),
                    reason="competition_over",
                )  # fmt: skip
    return ended


def _tell(scope: Scope, competition: Competition, row: Entry) -> None:
    language = current(controller_id=competition.controller_id, on=clock.today()).controller.languages[0]
    said = competition.texts.get(language) or next(iter(competition.texts.values()))
    append(type=events.WON, scope=scope, controller=competition.controller_id, subject=row.subject_id,
           details={"competition": competition.pk})  # fmt: skip
    tell(  # of whom it reaches not, the list of winners shows who must be called
        scope=scope,
        subject_id=row.subject_id,
        controller_id=competition.controller_id,
        template="competition_won",
        values={"title": said["title"]},
        key=f"competition:{competition.pk}",
        language=language,
        channels=["email"],
        address=row.email,
    )


_SAID = {"draw-early": "early", "draw-late": "late", "draw-announced": "announced"}


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _checked(content: Content) -> dict[str, object]:
    texts = {code: said for code, said in content.texts.items() if said.get("title")}
    asked = {bool(said.get("question")) for said in texts.values()}
    if not texts or not all(said.get("about") for said in texts.values()) or len(asked) != 1:
        raise CompetitionError("words", "title, rules and question are said in each language it has")
    if content.winners < 1 or content.winners > 1000:
        raise CompetitionError("winners", "from 1 to 1 000 winners")
    if content.closes_at <= clock.now():
        raise CompetitionError("closes", "it closes at a time to come")
    announced, moment = content.announced.strip(), content.announced_at
    if bool(announced) != (moment is not None) or (moment is not None and moment < content.closes_at + APART):
        raise CompetitionError("announced", "a number is announced with a moment, an hour after it closes or later")
    if content.correct and asked == {False}:
        raise CompetitionError("words", "a right answer needs a question")
    return {**asdict(content), "texts": texts}


def _locked(competition: Competition, stage: Stage) -> Competition:
    held = Competition.objects.select_for_update(of=("self",)).select_related("controller", "draw").get(
        pk=competition.pk
    )  # fmt: skip
    if held.stage != stage:
        raise CompetitionError("stage", f"the competition is {held.stage}")
    return held
