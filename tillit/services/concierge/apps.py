"""Django configuration of the concierge."""

from django.apps import AppConfig


class ConciergeConfig(AppConfig):
    """Offers and bookings."""

    name = "tillit.services.concierge"
    label = "concierge"
