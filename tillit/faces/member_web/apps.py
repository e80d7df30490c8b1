"""Django configuration of Min side."""

from django.apps import AppConfig


class MemberWebConfig(AppConfig):
    """Min side."""

    name = "tillit.faces.member_web"
    label = "member_web"
