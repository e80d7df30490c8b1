"""Gathering letters, handing them to staff, and settling them once they are with the post. Keyword-only."""

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime

from tillit.audit.operations import append
from tillit.consent.operations import marketing_sent
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.csv_text import inert
from tillit.kernel.scope import Actor, Scope
from tillit.messages import deciding, events, held, outbox
from tillit.messages.addresses import POST
from tillit.messages.errors import MessageRefusedError
from tillit.messages.letters.pdf import Letter, letters_pdf
from tillit.messages.models import LetterBatch, Message, State
from tillit.messages.templates import Sender
from tillit.messages.transports import usable

MOST = 500
"""Letters of a batch."""
ACTIVITY = "customer_service"
"""Under which staff hand letters over, and it is on record."""
_COLUMNS = ("letter", "name", "street", "postal_code", "city", "country")


@dataclass(frozen=True)
class Fetched:
    """What staff get. left_out: messages that may not go any more, or have no address."""

    body: bytes
    letters: int
    left_out: int


def collect() -> int:
    """Put every letter that waits into a batch, of every controller; how many. Outside every scope."""
    if POST not in usable():
        return 0
    gathered, batches = 0, dict[int, LetterBatch]()
    for post in deciding.posts():
        while found := _gather(post, batches):
            gathered += found
    return gathered


def _gather(post: deciding.Post, batches: dict[int, LetterBatch]) -> int:
    """The next letters of one outbox into its controller's batch; how many."""
    with post.scope():
        waiting = Message.objects.filter(
            controller_id=post.controller,
            activity=post.activity,
            channel=POST,
            message_state=State.QUEUED,
            due_at__lte=clock.now(),
            letter_batch_id__isnull=True,
        ).exclude(campaign_id__in=held.paused())
        rows = list(waiting.select_for_update(skip_locked=True).order_by("due_at", "id")[:MOST])
        if rows:
            batch = batches.get(post.controller)
            if batch is None or batch.letters + len(rows) > MOST:
                batch = LetterBatch.objects.create(controller_id=post.controller, made_at=clock.now())
                batches[post.controller] = batch
            mine = Message.objects.filter(subject_id__in=[r.subject_id for r in rows], id__in=[r.id for r in rows])
            mine.update(letter_batch_id=batch.pk)
            batch.letters += len(rows)
            batch.save(update_fields=["letters"])
    return len(rows)


def fetch(*, actor: Actor, batch: LetterBatch, at: datetime) -> Fetched:
    """The letters of a batch that may go now, as a ZIP with an address file; on record. Again, until it is sent.

    Raises `MessageRefusedError` `letters-sent` when it is sent, `no-letters` when none of it may go any more.
    """
    _open(batch)
    letters: list[Letter] = []
    addressed: list[tuple[str, ...]] = []
    left_out, sender = 0, _sender(batch.controller_id)
    for post in deciding.posts(only=batch.controller_id):
        with post.scope():
            rows = Message.objects.filter(letter_batch_id=batch.pk, activity=post.activity, message_state=State.QUEUED)
            rows.filter(campaign_id__in=held.paused()).update(letter_batch_id=None)  # a later batch takes them
            decided = deciding.decide(post, list(rows.order_by("due_at", "id")), clock.now())
        for one in decided:
            if one.envelope is None:
                outbox.settle(post, one, State.WITHHELD, one.reason)
                left_out += 1
                continue
            lines = one.envelope.to.split("\n")
            letters.append(
                Letter(
                    len(letters) + 1,
                    tuple(line for line in (*lines[:2], f"{lines[2]} {lines[3]}", lines[4]) if line.strip()),
                    one.envelope.rendered.subject,
                    tuple(part for part in one.envelope.rendered.text.split("\n\n") if part.strip()),
                    one.envelope.language,
                )
            )
            addressed.append((str(len(letters)), *lines))
    if not letters:
        raise MessageRefusedError("no-letters", "none of these letters may go any more")
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letters.pdf", letters_pdf(letters, sender=sender, made=at))
        archive.writestr("addresses.csv", _addresses(addressed))
    LetterBatch.objects.filter(pk=batch.pk).update(fetched_at=at)
    _record(events.LETTERS_FETCHED, actor, batch, len(letters), at)
    return Fetched(body.getvalue(), len(letters), left_out)


def sent(*, actor: Actor, batch: LetterBatch, at: datetime) -> int:
    """The batch is with the post: each message is settled as sent, by the declared processor that carries post; how
    many. Raises `MessageRefusedError` `letters-sent`, `letters-not-fetched`.
    """
    _open(batch)
    if batch.fetched_at is None:
        raise MessageRefusedError("letters-not-fetched", "nobody has fetched these letters")
    done = 0
    for post in deciding.posts(only=batch.controller_id):
        carrier = next((one.key for one in post.declaration.processors if POST in one.carries), "")
        with post.scope():
            rows = Message.objects.filter(letter_batch_id=batch.pk, activity=post.activity, message_state=State.QUEUED)
            people = sorted(rows.values_list("subject_id", flat=True))
            done += rows.update(message_state=State.SENT, settled_at=at, sealed_address=None, carrier=carrier)
        if post.marketing and people:
            marketing_sent(controller_id=post.controller, subject_ids=people, activity=post.activity, at=at)
    LetterBatch.objects.filter(pk=batch.pk).update(sent_at=at)
    _record(events.LETTERS_SENT, actor, batch, done, at)
    return done


def _open(batch: LetterBatch) -> None:
    batch.refresh_from_db()
    if batch.sent_at is not None:
        raise MessageRefusedError("letters-sent", "these letters are with the post")


def _sender(controller_id: int) -> Sender:
    said = current(controller_id=controller_id, on=clock.today()).controller
    return Sender(said.name, said.email, said.phone, said.web)


def _addresses(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_COLUMNS)
    writer.writerows([inert(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _record(kind: events.EventType, actor: Actor, batch: LetterBatch, letters: int, at: datetime) -> None:
    with Scope(actor, ACTIVITY) as scope:
        append(
            type=kind,
            scope=scope,
            controller=batch.controller_id,
            at=at,
            batch=batch.pk,
            details={"letters": letters},
        )
