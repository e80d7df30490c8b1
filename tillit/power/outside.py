"""Days stored of a point outside its supply: nobody keeps or sees the use of whoever lives there next (E1).

When a supply turns out to have ended earlier, or never to have been, its days go to who was supplied on the day, or
wait in quarantine until somebody is. In the transaction of the switch.
"""

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.parties.digests import Kind, digest
from tillit.power import quarantine, readings
from tillit.power.models import MeteringPoint, QuarantinedReading, ReadingFile

LAYOUT = "supply"
"""Of the file that days waiting for a supply stand under: not one that was sent. Its digest is the point's."""
_NOBODYS = ("no-such-point", "not-supplied")
_AT_ONCE = 500


def clear(*, controller: Controller, point: MeteringPoint) -> None:
    """Take away what stands of the point outside its contracts; what is of nobody waits."""
    taken = readings.take_out(controller_id=controller.pk, point=point)
    if not taken.unmatched:
        return
    now = clock.now()
    file = ReadingFile.objects.create(
        controller=controller, name="", digest=_digest(controller, point), layout=LAYOUT, state="finished",
        received_at=now, finished_at=now, quarantined=len(taken.unmatched),
    )  # fmt: skip
    quarantine.put(
        file=file, rejects=[quarantine.unmatched(day, point.gsrn, known=known) for day, known in taken.unmatched]
    )


def place(*, controller: Controller, point: MeteringPoint) -> None:
    """Give the point the days that wait for it to be supplied; the others wait on."""
    rows = list(
        QuarantinedReading.objects.filter(
            file__controller=controller, file__layout=LAYOUT, file__digest=_digest(controller, point), resolved_at=None
        ).order_by("pk")
    )
    for first in range(0, len(rows), _AT_ONCE):
        quarantine.play(controller, rows[first : first + _AT_ONCE])


def waits_again(file: ReadingFile) -> bool:
    """Whether a file that was taken in is worth reading again: days of it were nobody's, or were taken away since."""
    if file.quarantine.filter(resolved_at=None, reason__in=_NOBODYS).exists():
        return True
    return ReadingFile.objects.filter(
        controller_id=file.controller_id, layout=LAYOUT, received_at__gte=file.finished_at or file.received_at
    ).exists()


def _digest(controller: Controller, point: MeteringPoint) -> str:
    return digest(controller.register_id, Kind.METERING_POINT, point.gsrn).hex
