"""Django configuration of the registers outside."""

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """How far registers outside were read, and who is to be asked of."""

    name = "tillit.registers"
    label = "registers"
