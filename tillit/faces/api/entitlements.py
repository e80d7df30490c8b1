"""What a paying partner's system does (D1): send who is entitled, and ask whether one customer is."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import REPEATABLE, refusals
from tillit.faces.api.idempotency import repeatable_apart
from tillit.faces.api.problems import ProblemError
from tillit.files.errors import FileRefusedError
from tillit.journeys import entitlement_asked
from tillit.journeys.files import by_api
from tillit.services.errors import ServiceError
from tillit.services.product_models import Partner

router = Router(tags=["partners"])
Text = Annotated[str, Field(max_length=254)]


class EntitledRow(BaseModel):
    """Whom the partner pays for. Fields that the declaration does not let the partner send are counted, not kept."""

    model_config = ConfigDict(extra="forbid")
    given: Text
    family: Text
    product: Text
    identity_number: Text | None = None
    customer_number: Text | None = None
    starts: Text | None = None
    ends: Text | None = Field(default=None, description="The first day without the entitlement.")
    email: Text | None = None
    phone: Text | None = None


class EntitledList(BaseModel):
    """Rows; `full`: who is not among them is entitled no more."""

    model_config = ConfigDict(extra="forbid")
    full: bool = False
    rows: list[EntitledRow] = Field(min_length=1, max_length=5000)


class ListAnswer(BaseModel):
    """What became of a list. `waiting`: it would end too many, and did nothing before somebody approves it."""

    number: int
    state: str
    repeated: bool
    counts: dict[str, int]
    refused: list[dict[str, str | int]] = Field(description="line, field and code of rows that were put aside.")


class Question(BaseModel):
    """Which customer, by the numbers the partner may send, and of which product."""

    model_config = ConfigDict(extra="forbid")
    product: Text
    customer_number: Text = ""
    identity_number: Text = ""


class Answer(BaseModel):
    """Whether the customer is entitled now. There is nothing else to know."""

    entitled: bool


@router.post(
    "/entitlements",
    response={200: ListAnswer},
    summary="Say who is entitled",
    operation_id="send_entitlements",
    openapi_extra={
        "parameters": [REPEATABLE],
        "responses": refusals(400, 401, 403, 409, 413, 415, 422, 429, 500, 503, partner=True),
    },
)
def send(request: HttpRequest, body: EntitledList) -> HttpResponse:
    """The same rows again, as the latest, change nothing."""
    partner = _partner(request, "entitlements:write")

    def act() -> dict[str, Any]:
        try:
            done = by_api.take_rows(partner=partner, rows=[row.model_dump() for row in body.rows], full=body.full)
        except FileRefusedError:
            raise ProblemError("source-busy") from None
        except ServiceError:
            raise ProblemError("partner-undeclared") from None
        assert done.file is not None  # noqa: S101 (only a dry run has none)
        return {
            "number": done.file.pk,
            "state": done.file.state,
            "repeated": done.repeated,
            "counts": done.difference.counts(),
            "refused": [{"line": r.line, "field": r.field, "code": r.code} for r in done.difference.rejects],
        }

    return repeatable_apart(request=request, client=client_of(request, "entitlements:write"), act=act)


@router.post(
    "/entitlements/check",
    response={200: Answer},
    summary="Is this customer entitled?",
    operation_id="check_entitlement",
    openapi_extra={"responses": refusals(400, 401, 403, 413, 415, 422, 429, 500, 503, partner=True)},
)
def check(request: HttpRequest, body: Question) -> HttpResponse:
    """Yes or no, of the partner's own customers. A yes stands in the log of what was told about the customer."""
    partner = _partner(request, "entitlements:check")
    try:
        found = entitlement_asked.partner_asks(
            partner=partner,
            product=body.product,
            number=body.customer_number,
            identity_number=body.identity_number,
        )
    except ServiceError:
        raise ProblemError("partner-undeclared") from None
    return JsonResponse({"entitled": found})


def _partner(request: HttpRequest, scope: str) -> Partner:
    partner = client_of(request, scope).partner
    assert partner is not None  # noqa: S101 (the scope is a partner's)
    return partner
