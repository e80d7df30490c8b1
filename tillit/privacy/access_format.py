"""The answer to an access request as types: the schema of `data.json` (`docs/formats/access.schema.json`; H1, H6)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Answering(_Part):
    """A controller that answers, where to complain, and its disclosed security measures."""

    name: str
    organisation_number: str
    email: str
    phone: str
    privacy_adviser: str
    complaint: str
    authority: str
    security: list[str]
    withheld: str


class Why(_Part):
    """One use of the data: the activity, its purpose and its grounds."""

    activity: str
    purpose: str
    grounds: list[str]


class Recipient(_Part):
    """Who may receive it, and when."""

    name: str
    when: str


class Held(_Part):
    """The rows of one table, controller and category. until: the last day on which something of it goes; null: open.

    rows: one object a record, by column; moments are ISO 8601, decimals and ids of 128 bits are texts.
    """

    category: str
    name: str
    why: list[Why]
    sources: list[str]
    recipients: list[Recipient]
    controller: str
    table: str
    archived: bool
    on_hold: bool
    kept: list[str]
    until: str | None
    rows: list[dict[str, Any]]


class Reader(_Part):
    """Somebody who looked or changed: the role or part of the system, never a colleague's name."""

    at: str
    who: str
    activity: str
    what: str
    controller: str


class LeftOut(_Part):
    """A column that is not in the answer (`*`: the whole table), and why."""

    table: str
    column: str
    because: str


class Answer(_Part):
    """Everything held about one person in a register."""

    format: Literal["tillit-access-1"]
    made_at: str
    language: str
    controllers: list[Answering]
    data: list[Held]
    readers: list[Reader]
    left_out: list[LeftOut]


def schema() -> dict[str, Any]:
    """The JSON Schema that is published."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Answer.model_json_schema()}
