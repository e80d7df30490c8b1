"""Django configuration of the membership domain."""

from django.apps import AppConfig


class MembershipConfig(AppConfig):
    """Terms accepted."""

    name = "tillit.membership"
    label = "membership"
