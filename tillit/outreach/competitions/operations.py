"""Making a competition, opening it (with the commitment to its draw), drawing, sending prizes (F8). Keyword-only."""

from dataclasses import asdict, dataclass
from datetime import datetime

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.errors import MessageRefusedError
from tillit.messages.operations import send
from tillit.outreach.competitions import events
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.draws import operations as draws
from tillit.outreach.draws.errors import DrawError
from tillit.parties import operations as parties
from tillit.parties.models import Relationship

ACTIVITY, KIND = "competitions", "visitor"


@dataclass(frozen=True)
class Content:
    """What a competition says. texts: language → title, about, question; languages without a title are left out."""

    texts: dict[str, dict[str, str]]
    correct: str
    announced: str
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
    held.draw = draws.commit(scope=scope, controller=held.controller, names=names, announced=held.announced)
    held.stage = Stage.OPEN
    held.save()
    append(type=events.OPENED, scope=scope, controller=held.controller_id, details={"competition": held.pk})


def discard(*, scope: Scope, competition: Competition) -> None:
    """The draft is no more."""
    _locked(competition, Stage.DRAFT).delete()


def draw(*, scope: Scope, competition: Competition, mixed_in: str = "") -> int:
    """Close the list, draw, tell the winners and nobody else; how many won: 0 where nobody was right. Raises
    `CompetitionError`.
    """
    held = _locked(competition, Stage.OPEN)
    if clock.now() < held.closes_at:
        raise CompetitionError("stage", "people may still enter")
    mine = Entry.objects.filter(controller_id=held.controller_id, competition_id=held.pk)
    rows = {row.ticket: row for row in mine if not held.correct or _same(row.answer, held.correct)}
    assert held.draw is not None  # noqa: S101 (open only with one)
    draws.close(scope=scope, draw=held.draw, tickets=list(rows))
    try:
        chosen = draws.draw_now(scope=scope, draw=held.draw, count=held.winners, mixed_in=mixed_in)
    except DrawError:
        raise CompetitionError("mixed", "the announced number is mixed in, and no other") from None
    held.stage, held.drawn_at = Stage.DRAWN, clock.now()
    held.save()
    mine.update(drawn_at=held.drawn_at)
    for place, ticket in enumerate(chosen, start=1):
        row = rows[ticket]
        Entry.objects.filter(subject_id=row.subject_id, id=row.id).update(won=place)
        row.won, row.drawn_at = place, held.drawn_at
        _tell(scope, held, row)
    details = {"competition": held.pk, "entries": len(rows), "winners": len(chosen)}
    append(type=events.DRAWN, scope=scope, controller=held.controller_id, details=details)
    return len(chosen)


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
    try:
        send(
            scope=scope,
            subject_id=row.subject_id,
            controller_id=competition.controller_id,
            template="competition_won",
            values={"title": said["title"]},
            at=clock.now(),
            key=f"competition:{competition.pk}",
            language=language,
            channels=["email"],
            address=row.email,
            answering=True,
        )
    except MessageRefusedError:
        return  # the list of winners shows who must be called


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
