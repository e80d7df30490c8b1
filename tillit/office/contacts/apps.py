"""Django configuration: contacts at suppliers and partners."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Contacts at suppliers and partners."""

    name = "tillit.office.contacts"
    label = "contacts"
