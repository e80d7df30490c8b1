"""Django configuration of the membership domain."""

from django.apps import AppConfig


class MembershipConfig(AppConfig):
    """Memberships, and terms accepted."""

    name = "tillit.membership"
    label = "membership"
