"""Django configuration of the messages layer."""

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """Messages in and out."""

    name = "tillit.messages"
    label = "messages"
