"""The kinds of file the console takes. A domain adds its line here."""

from tillit.journeys.files import entitlements, members, purchases, readings
from tillit.journeys.files.kinds import KINDS, offer

__all__ = ["KINDS"]

offer(purchases.KIND)
offer(members.KIND)
offer(readings.KIND)
offer(entitlements.KIND)
