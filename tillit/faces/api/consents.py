"""What a person has said yes and no to, and a permission or a no that a partner submits with its evidence (F1, F2)."""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.faces.api import references
from tillit.faces.api.describe import IDEMPOTENCY_KEY, refusals
from tillit.faces.api.problems import ProblemError
from tillit.faces.api.systems import READ, WRITTEN, Whom, made_once, person, refusing, system_of
from tillit.journeys.systems import permissions
from tillit.journeys.systems.permissions import Evidence

router = Router(tags=["consents"])


class ChoiceAnswer(BaseModel):
    """A choice as it stands. `kind`: `consent` needs a yes, `objection` goes on until a no."""

    activity: str = Field(examples=["newsletter"])
    channel: str | None = Field(examples=["email"])
    kind: str
    on: bool
    objected: bool
    since: datetime | None


class ChoicesAnswer(BaseModel):
    """Every choice the person has."""

    member: str
    consents: list[ChoiceAnswer]


class Shows(BaseModel):
    """What shows a yes: where the proof is filed with the partner, the proof itself, or both."""

    model_config = ConfigDict(extra="forbid")
    reference: str = Field(default="", max_length=140, examples=["Form 2026-0311, archive B"])
    file: str = Field(default="", max_length=1_900_000, description="PDF, picture or recording, in base64.")


class Permission(Whom):
    """What a person has said, to whom, and to which words."""

    activity: Annotated[str, Field(max_length=60, examples=["newsletter"])]
    channel: Annotated[str, Field(max_length=10, description="'' for what has no channel.", examples=["email"])] = ""
    given: bool = Field(description="true: a yes; false: a no, which needs no evidence.")
    said_at: datetime = Field(description="When the person said it, with the offset from UTC.")
    wording: str = Field(min_length=10, max_length=4000, description="The very words that it was said to.")
    language: Literal["nb", "nn", "en", "da", "sv"] = "nb"
    evidence: Shows = Field(default_factory=Shows)


class Recorded(BaseModel):
    """`in_effect`: false where the person has said otherwise since. `receipt_sent`: whether there was a way to tell."""

    recorded: bool
    in_effect: bool
    receipt_sent: bool


@router.get(
    "/members/{member}/consents",
    response={200: ChoicesAnswer},
    summary="What a person has said yes and no to",
    operation_id="consents",
    openapi_extra={"responses": refusals(*READ, system=True)},
)
def standing(request: HttpRequest, member: str) -> HttpResponse:
    """As it stands now; told on record."""
    client, system = system_of(request, "consents:read")
    subject = person(client, system, Whom.model_construct(member=member), processed=False)
    with refusing():
        found = permissions.standing(system=system, subject_id=subject)
    told = [
        {
            "activity": one.activity,
            "channel": one.channel or None,
            "kind": one.kind,
            "on": one.on,
            "objected": one.objected,
            "since": one.since.isoformat() if one.since else None,
        }
        for one in found
    ]
    return JsonResponse({"member": references.given(client, references.MEMBER, subject), "consents": told})


@router.post(
    "/consents",
    response={201: Recorded},
    summary="Submit a permission or a no",
    operation_id="submit_consent",
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*WRITTEN, system=True)},
)
def submit(request: HttpRequest, body: Permission) -> HttpResponse:
    """A yes is taken with its words, its moment and what shows it, or not at all. The person gets a receipt."""
    client, system = system_of(request, "consents:write")
    evidence = Evidence(body.evidence.reference, _file(body.evidence.file))
    subject = person(client, system, body, processed=False)

    def act() -> dict[str, Any]:
        return dict(
            permissions.submit(
                system=system,
                subject_id=subject,
                activity=body.activity,
                channel=body.channel,
                given=body.given,
                said_at=body.said_at,
                wording=body.wording,
                language=body.language,
                evidence=evidence,
            )
        )

    return made_once(request, client, act)


def _file(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ProblemError("evidence-unusable") from None
