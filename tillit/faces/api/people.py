"""People, as far as the declaration lets a controller's system have and change them (H13, B5)."""

from typing import Annotated, Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.faces.api import references
from tillit.faces.api.describe import REPEATABLE, refusals
from tillit.faces.api.idempotency import repeatable
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.faces.api.systems import READ, WRITTEN, Reference, Short, Whom, person, refusing, system_of
from tillit.journeys.systems import people
from tillit.journeys.systems.people import CHANGEABLE, READABLE, Told

router = Router(tags=["members"])
MOST = 100
Fields = Annotated[
    str,
    Query(max_length=200, description=f"Only these, separated by commas: {', '.join(READABLE)}.", examples=["name"]),
]


class MemberAnswer(BaseModel):
    """A person. `member`: what this key knows the person by, another with every key."""

    member: str = Field(examples=["mC3v…"])
    fields: dict[str, Any] = Field(
        description="What is declared for the system; null for what is not known.",
        examples=[{"name": "Kari Nordseth", "member_number": "1001"}],
    )
    withheld: list[str] = Field(description="What was asked for and is not the system's to have.", examples=[[]])


class MembersAnswer(BaseModel):
    """A part of the people."""

    members: list[MemberAnswer]
    next: str | None = Field(description="The address of those that follow.")


class Changes(BaseModel):
    """What is to stand instead, by kind of fact."""

    model_config = ConfigDict(extra="forbid")
    facts: dict[str, Short] = Field(
        min_length=1,
        max_length=len(CHANGEABLE),
        description=f"Of {', '.join(CHANGEABLE)}, those that the key's activity records.",
        examples=[{"address.street": "Nygata 4", "address.postal_code": "9008", "address.city": "Tromsø"}],
    )


class Changed(BaseModel):
    """Which of them were another before."""

    member: str
    changed: list[str] = Field(examples=[["address.street"]])


@router.get(
    "/members",
    response={200: MembersAnswer},
    summary="The controller's people",
    operation_id="members",
    openapi_extra={"responses": refusals(401, 403, 422, 429, 500, 503, system=True)},
)
def listed(
    request: HttpRequest,
    fields: Fields = "",
    after: Annotated[str, Query(max_length=120, description="From `next`: where the part before ended.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> HttpResponse:
    """Those the key's activity applies to and may process now; each is told on record, and sees it."""
    client, system = system_of(request, "members:read")
    place = references.taken(client, references.PLACE, after) if after else (0,)
    if place is None:
        raise ProblemError("body-shape")
    with refusing():
        part = people.listed(system=system, fields=_fields(fields), after=place[0], limit=limit)
    more = None
    if part.after is not None:
        given = {"after": references.given(client, references.PLACE, part.after), "limit": limit}
        more = f"{request.path}?{urlencode(given | ({'fields': fields} if fields else {}))}"
    return JsonResponse({"members": [_told(client, one) for one in part.people], "next": more})


@router.post(
    "/members/find",
    response={200: MemberAnswer},
    summary="Find a person",
    operation_id="find_member",
    openapi_extra={"responses": refusals(*(one for one in WRITTEN if one != 409), system=True)},
)
def find(request: HttpRequest, body: Whom, fields: Fields = "") -> HttpResponse:
    """By a number or an address, which therefore stands in no address of ours."""
    client, system = system_of(request, "members:read")
    subject = person(client, system, body)
    with refusing():
        return JsonResponse(_told(client, people.tell(system=system, subject_id=subject, fields=_fields(fields))))


@router.get(
    "/members/{member}",
    response={200: MemberAnswer},
    summary="One person",
    operation_id="member",
    openapi_extra={"responses": refusals(*READ, system=True)},
)
def one(request: HttpRequest, member: str, fields: Fields = "") -> HttpResponse:
    """The person of a reference, as declared today."""
    client, system = system_of(request, "members:read")
    subject = person(client, system, Whom.model_construct(member=member))
    with refusing():
        return JsonResponse(_told(client, people.tell(system=system, subject_id=subject, fields=_fields(fields))))


@router.patch(
    "/members/{member}",
    response={200: Changed},
    summary="Record what is right",
    operation_id="change_member",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*WRITTEN, system=True)},
)
def change(request: HttpRequest, member: Reference, body: Changes) -> HttpResponse:
    """The same again changes nothing. The person sees what was changed, and whoever has received it is told."""
    client, system = system_of(request, "members:write")
    subject = person(client, system, Whom.model_construct(member=member))

    def act() -> dict[str, Any]:
        return {"member": member, "changed": people.amend(system=system, subject_id=subject, facts=body.facts)}

    with refusing():
        return repeatable(request=request, client=client, act=act)


def _fields(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _told(client: ApiClient, found: Told) -> dict[str, Any]:
    return {
        "member": references.given(client, references.MEMBER, found.subject),
        "fields": dict(found.fields),
        "withheld": list(found.withheld),
    }
