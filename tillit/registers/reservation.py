"""Asking the reservation register who does not want to be called or get addressed post (docs/registers.md).

`POST /reserved` takes `{"channel": "phone", "people": [{"reference": …, field: value}]}` and answers
`{"reserved": [reference, …]}`. Only what is on record as disclosed is asked about.
"""

import json
import time
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from tillit.disclosure.calling import call
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.registers.client import TIMEOUT, WAITS
from tillit.registers.errors import RegisterError

KEY = "reservation_register"
"""Its key among a declaration's recipients, and among the registers that the installation names."""
_LARGEST = 1 << 20


def ready() -> bool:
    """Whether the installation names one."""
    return bool(settings.REGISTERS.get(KEY, ""))


def reserved(*, channel: str, asked: Sequence[Disclosed], waits: Sequence[float] = WAITS) -> set[int]:
    """Those of the people who have reserved themselves. Raises `RegisterError`, and then nobody may be written to."""
    if not ready():
        raise RegisterError("register-not-named", "the installation names no reservation register")
    people = [{"reference": str(one.reference), **one.payload} for one in asked]
    for wait in (*waits, None):
        try:
            said = _said({"channel": channel, "people": people})
            break
        except RegisterError as error:
            if error.code == "register-refused" or wait is None:
                raise
            time.sleep(wait)
    by_reference = {one.reference: one.subject_id for one in asked}
    if not said <= by_reference.keys():
        raise RegisterError("register-garbled", "it answers about others than were asked about")
    return {by_reference[reference] for reference in said}


def _said(body: dict[str, object]) -> set[UUID]:
    try:
        answer = call(
            way="registers", address=settings.REGISTERS[KEY], method="POST", path="/reserved", body=body,
            timeout=TIMEOUT, largest=_LARGEST,
        )  # fmt: skip
    except UnreachableError:
        raise RegisterError("register-unreachable", "the register did not answer") from None
    if answer.status in {408, 425, 429, 500, 502, 503, 504}:
        raise RegisterError("register-busy", f"the register answered {answer.status}")
    if answer.status != 200:
        raise RegisterError("register-refused", f"the register answered {answer.status}")
    try:
        return {UUID(one) for one in json.loads(answer.body)["reserved"]}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise RegisterError("register-garbled", "the register's answer cannot be read") from None
