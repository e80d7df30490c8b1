"""Requests about rights, handed in for somebody and followed (H8). Unverified: the person shows who they are first."""

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.cases.rights import RIGHTS
from tillit.faces.api import references
from tillit.faces.api.describe import IDEMPOTENCY_KEY, refusals
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.faces.api.systems import READ, WRITTEN, Short, Whom, made_once, person, refusing, system_of, tried
from tillit.journeys.systems import requests
from tillit.journeys.systems.requests import Progress

router = Router(tags=["rights"])
assert RIGHTS == (  # noqa: S101 (the description below names them)
    "access",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "portability",
    "withdrawal",
    "complaint",
)


class Stranger(BaseModel):
    """Somebody whom the system does not know: whether they are on record is not told. No paying partner hands in
    anything for them.
    """

    model_config = ConfigDict(extra="forbid")
    name: Short = Field(examples=["Liv Strand"])
    email: Short = Field(examples=["liv@post.example"])


class Asked(BaseModel):
    """A request: by `whom` on record, or by a `stranger`. What a right needs beside stands in docs/cases.md."""

    model_config = ConfigDict(extra="forbid")
    whom: Whom | None = None
    stranger: Stranger | None = None
    right: Literal[
        "access", "rectification", "erasure", "restriction", "objection", "portability", "withdrawal", "complaint"
    ]
    text: str = Field(default="", max_length=2000, description="What the person says.")
    ground: Literal["", "no_longer_needed", "consent_withdrawn", "objection", "unlawful", "accuracy", "claims"] = ""
    activity: str = Field(default="", max_length=60, description="For an objection or a withdrawal: what it is to.")
    channel: str = Field(default="", max_length=10)
    corrections: dict[str, Short] = Field(default_factory=dict, max_length=20, description="For a rectification.")
    language: Literal["nb", "en"] = "nb"


class RequestAnswer(BaseModel):
    """How far a request has come. The answer itself goes to the person alone."""

    request: str = Field(description="What this key knows the request by.")
    right: str
    stage: str = Field(description="received, verified, with_adviser, in_force or closed", examples=["received"])
    verified: bool = Field(description="Whether the person has shown who they are.")
    received_at: datetime
    due: date | None = Field(description="The last day for an answer.")
    answered_at: datetime | None
    closed_at: datetime | None


@router.post(
    "/rights",
    response={201: RequestAnswer},
    summary="Hand in a request about rights",
    operation_id="hand_in_request",
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*WRITTEN, system=True)},
)
def hand_in(request: HttpRequest, body: Asked) -> HttpResponse:
    """The person is told of it at the address on record. An objection stops the processing at once."""
    client, system = system_of(request, "rights:write")
    if (body.whom is None) == (body.stranger is None):
        raise ProblemError("body-shape")
    if body.stranger is not None:
        tried(client)
    subject = person(client, system, body.whom, processed=False) if body.whom else 0
    stated: dict[str, Any] = {
        name: value
        for name in ("text", "ground", "activity", "channel", "corrections")
        if (value := getattr(body, name))
    }
    common: dict[str, Any] = {"system": system, "right": body.right, "language": body.language, "fields": stated}

    def act() -> dict[str, Any]:
        if body.stranger is not None:
            common.update(name=body.stranger.name, email=body.stranger.email)
            return _told(client, requests.hand_in_for_stranger(**common))
        return _told(client, requests.hand_in(**common, subject_id=subject))

    return made_once(request, client, act)


@router.get(
    "/rights/{reference}",
    response={200: RequestAnswer},
    summary="How far a request has come",
    operation_id="request_progress",
    openapi_extra={"responses": refusals(*READ, system=True)},
)
def progress(request: HttpRequest, reference: str) -> HttpResponse:
    """One that this key handed in."""
    client, system = system_of(request, "rights:read")
    known = references.taken(client, references.REQUEST, reference)
    if known is None:
        raise ProblemError("request-unknown")
    subject, number = known
    with refusing():
        return JsonResponse(_told(client, requests.progress(system=system, subject_id=subject, number=number)))


def _told(client: ApiClient, found: Progress) -> dict[str, Any]:
    return {
        "request": references.given(client, references.REQUEST, found.subject, found.number),
        "right": found.right,
        "stage": found.stage,
        "verified": found.verified,
        "received_at": found.received_at.isoformat(),
        "due": found.due.isoformat() if found.due else None,
        "answered_at": found.answered_at.isoformat() if found.answered_at else None,
        "closed_at": found.closed_at.isoformat() if found.closed_at else None,
    }
