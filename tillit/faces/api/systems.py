"""What calls of systems that act on people share: who calls, whom they mean, refusals, and doing a thing once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Self

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tillit.faces.api import idempotency, references
from tillit.faces.api.calls import client_of
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.journeys.systems import reach
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.journeys.systems.reach import System, Who
from tillit.parties.rates import Limit, spent, within

UNKNOWN = Limit("api-unknown", 60, timedelta(hours=1))
READ = (401, 403, 404, 422, 429, 500, 503)
WRITTEN = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
Short = Annotated[str, Field(min_length=1, max_length=254)]
Reference = Annotated[str, Field(min_length=1, max_length=120)]


class Whom(BaseModel):
    """Whom a call is about: one of these. A paying partner names its customers by the numbers it may send."""

    model_config = ConfigDict(extra="forbid")
    member: Reference | None = Field(default=None, description="The reference that an earlier answer gave.")
    number: Short | None = Field(default=None, description="BonusID, member or customer number.", examples=["1001"])
    address: Short | None = Field(default=None, description="E-mail address or phone number.")
    identity_number: Short | None = Field(default=None, description="Of a paying partner that may send it.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(value is not None for value in (self.member, self.number, self.address, self.identity_number)) != 1:
            raise ValueError("name the person by one of member, number, address and identity_number")
        return self


def system_of(request: HttpRequest, scope: str) -> tuple[ApiClient, System]:
    """The caller, who must have the scope. Raises `ProblemError`."""
    client = client_of(request, scope)
    if client.partner is not None:
        return client, System(client.pk, client.partner.controller, partner=client.partner)
    assert client.controller is not None  # noqa: S101 (the scope is a system's or a partner's)
    return client, System(client.pk, client.controller, party=client.system, activity=client.activity)


def person(client: ApiClient, system: System, whom: Whom, *, processed: bool = True) -> int:
    """Whom the call means. Who is nobody counts: people cannot be found by trying. A reference that this key was given
    is no try, whatever has become of the person. Raises `ProblemError`.
    """
    known = references.taken(client, references.MEMBER, whom.member) if whom.member is not None else None
    if known is None and spent(UNKNOWN, str(client.pk)):
        raise ProblemError("too-many-unknown")
    if known is None and whom.member is not None:
        raise miss(client)
    subject = known[0] if known is not None else None
    who = Who(subject, whom.number or "", whom.address or "", whom.identity_number or "")
    try:
        return reach.person(system=system, who=who, processed=processed)
    except SystemRefusedError as refused:
        tried = refused.code == "person-unknown" and known is None
        raise (miss(client) if tried else ProblemError(refused.code)) from None


def miss(client: ApiClient) -> ProblemError:
    """The refusal of whom nobody is known by, counted."""
    within(UNKNOWN, str(client.pk))
    return ProblemError("person-unknown")


def tried(client: ApiClient) -> None:
    """Count a try of who may be on record, before anything is looked up. Raises `ProblemError`."""
    if not within(UNKNOWN, str(client.pk)):
        raise ProblemError("too-many-unknown")


@contextmanager
def refusing() -> Iterator[None]:
    """What the domain refuses within is a problem document."""
    try:
        yield
    except SystemRefusedError as refused:
        raise ProblemError(refused.code) from None


def made_once(
    request: HttpRequest, client: ApiClient, act: Callable[[], dict[str, Any]], *, secret: tuple[str, ...] = ()
) -> HttpResponse:
    """201 with what `act` answers, done once for each Idempotency-Key, in one transaction. A repeat is given the same
    answer, but for the fields in `secret`, which are shown once and kept nowhere.
    """
    key = idempotency.key_of(request)
    with refusing(), transaction.atomic():
        call = idempotency.together(client=client, key=key, payload=request.body)
        replayed = call.answer is not None
        answer = call.answer if call.answer is not None else act()
        if not replayed:
            call.answered({name: None if name in secret else value for name, value in answer.items()})
    response = JsonResponse(answer, status=201)
    response.headers["Idempotent-Replayed"] = "true" if replayed else "false"
    return response
