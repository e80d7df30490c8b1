"""What the tests of the ways in share: who, and what they type."""

import re
from typing import Any

from django.core import mail
from django.test import Client

from tests.faces.conftest import Gateway, last_code
from tillit.messages import mail as outbox

KEY = "lyngheim"
NATIONAL = "15876540077"
NUMBER = "LY 4711"
GOOD = "fire svaler over tunet"


def home(client: Client) -> int:
    return client.get(f"/{KEY}/min-side/").status_code


def plain(text: str) -> list[str]:
    return [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line and 'name="pending"' not in line]


def mails() -> int:
    outbox.wait()
    return len(mail.outbox)


def choose(client: Client, password: str = GOOD, again: str | None = None) -> Any:
    given = {"password": password, "again": password if again is None else again}
    return client.post(f"/{KEY}/min-side/sign-ins/password/", given)


def by_password(client: Client, address: str, password: str = GOOD) -> int:
    return client.post(f"/{KEY}/sign-in/password/", {"address": address, "password": password}).status_code


def typed(**changed: str) -> dict[str, str]:
    given = {"member_number": NUMBER, "national_number": NATIONAL, "email": "ny@post.example", "mobile": "400 00 888"}
    return given | changed


def register(client: Client, gateway: Gateway, **changed: str) -> tuple[str, str, str]:
    """(pending, code by e-mail, code by SMS)."""
    page = client.post(f"/{KEY}/register/", typed(**changed)).text
    return re.findall(r'name="pending" value="([^"]+)"', page)[0], last_code(), gateway.code()
