"""What draws answer for, and the check that each can be repeated."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tillit.declaration.registry import domain_trial, not_personal
from tillit.outreach.draws.models import Draw
from tillit.outreach.draws.operations import verify

not_personal(Draw, because="digests, a seed, and tickets: random or keyed numbers whose keys are elsewhere")


def _promised(declared: Any) -> str:
    return next((f"activities.{key}" for key in ("surveys", "competitions") if declared.activity(key)), "")


def _repeat(controller_id: int, on: date) -> Iterator[str]:
    for draw in Draw.objects.filter(controller_id=controller_id, drawn_at__isnull=False).iterator(chunk_size=20):
        for fault in verify(draw):
            yield f"draw {draw.pk} repeated gives something else: {fault}"


domain_trial("draws", trial=_repeat, promised=_promised)
