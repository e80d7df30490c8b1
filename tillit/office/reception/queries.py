"""Who is in the house, who was here on a day, and where the screen is (H17). In a scope of the reception."""

import hmac
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tillit.declaration.models import Controller
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.collation import Ordered
from tillit.messages import tokens
from tillit.office.reception.models import Desk, Visit

_USE = "reception_screen"


def in_house(*, controller: Controller) -> list[Visit]:
    """Who has come and not left, by name: the evacuation list."""
    return list(
        Visit.objects.filter(controller_id=controller.pk, left_at__isnull=True).order_by(Ordered("name"), "badge")
    )


def on_day(*, controller: Controller, day: date) -> list[Visit]:
    """Who came on the day (local time), in order, as far as the declared period reaches."""
    begins = datetime.combine(day, time(), ZoneInfo(DEFAULT_ZONE))
    ends = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(DEFAULT_ZONE))
    rows = Visit.objects.filter(controller_id=controller.pk, arrived_at__gte=begins, arrived_at__lt=ends)
    return list(rows.order_by("arrived_at", "badge"))


def screen_key(*, controller: Controller) -> str:
    """The key of the screen's present address; '' before it has one."""
    desk = Desk.objects.filter(controller=controller, screen__gt=0).first()
    return tokens.make(_USE, controller.pk, desk.screen) if desk else ""


def opens(*, controller: Controller, key: str) -> bool:
    """Whether the key is that of the screen's present address."""
    present = screen_key(controller=controller)
    return bool(present) and hmac.compare_digest(present.encode(), key.encode())
