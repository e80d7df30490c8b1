"""Purchases from partners' systems: taken in by the very statements that files are (C5).

The answer says how many rows were taken in and which were put aside, and nothing about whose they are: whether a card
is a member's, or a member's data is restricted, is not the sender's to know.
"""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from tillit.faces.api import idempotency
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import IDEMPOTENCY_KEY, refusals
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError, RefusedRow, rows
from tillit.files.errors import FileRefusedError
from tillit.journeys import purchase_import
from tillit.purchases.errors import RowsRefusedError
from tillit.purchases.models import Batch
from tillit.purchases.reading.columns import COLUMNS
from tillit.purchases.reading.single import PurchaseRow

MOST = 1000
_PATIENCE = 10  # seconds to wait for another intake of the source
router = Router(tags=["purchases"])


class Purchases(BaseModel):
    """Purchases of the key's source: all of them are taken in, or none."""

    model_config = ConfigDict(extra="forbid")

    # Each row is checked by the rules of files, which name every fault of every row.
    purchases: Annotated[list[SkipValidation[PurchaseRow]], Field(min_length=1, max_length=MOST)]


class BatchAnswer(BaseModel):
    """What became of a call or file. `accepted`: rows that were taken in, now or before, whoever's they are."""

    batch: int
    state: str = Field(description="read, staged, posted or finished")
    received_at: datetime
    finished_at: datetime | None
    rows: int
    accepted: int
    put_aside: list[RefusedRow] = Field(description="Rows that only posting could refuse; they wait for repair.")


@router.post(
    "/purchases",
    response={200: BatchAnswer, 201: BatchAnswer},
    summary="Send purchases",
    operation_id="send_purchases",
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "responses": refusals(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    },
)
def send(request: HttpRequest, body: Purchases) -> HttpResponse:
    """Take in one or many purchases, all or none. 201: done now; 200: the very same rows were taken in before.

    Refused rows are named in the problem document by `line` (their place in the call, from 1), `field` and `code`.
    """
    client = client_of(request, "purchases:write")
    with idempotency.once(client=client, key=idempotency.key_of(request), payload=request.body) as call:
        replayed = call.status is not None and call.answer is not None
        status, told = (call.status, call.answer) if replayed else take_in(client, body.purchases)
        assert status and told  # noqa: S101, PT018 (an answered call has both)
        if not replayed:
            idempotency.answered(call=call, status=status, answer=told)
    response = JsonResponse(told, status=status)
    response.headers["Location"] = reverse("api-1:batch", args=[told["batch"]])
    response.headers["Idempotent-Replayed"] = "true" if replayed else "false"
    return response


@router.get(
    "/purchases/batches/{int:batch}",
    response={200: BatchAnswer},
    summary="What became of a call or file",
    operation_id="batch",
    url_name="batch",
    openapi_extra={"responses": refusals(401, 403, 404, 429, 500, 503)},
)
def batch(request: HttpRequest, batch: int) -> HttpResponse:
    """A batch of the key's source, with the rows that still wait for repair."""
    client = client_of(request, "purchases:read")
    found = Batch.objects.filter(pk=batch, source=client.source).first()
    if found is None:
        raise ProblemError("not-found")
    return JsonResponse(_told(found))


def take_in(client: ApiClient, given: list[Any]) -> tuple[int, dict[str, Any]]:
    """Take rows in, all or none; (status, what is answered). Raises `ProblemError`."""
    assert client.source is not None  # noqa: S101 (the scope is a source's)
    source = client.source.key
    shaped = {line: row for line, row in enumerate(given, 1) if not _misshapen(line, row)}
    faults = [fault for line, row in enumerate(given, 1) for fault in _misshapen(line, row)]
    faults += _clashing(shaped)
    if faults:
        others = purchase_import.faults_of(rows=list(shaped.values()), lines=list(shaped), source_key=source)
        raise ProblemError("rows-refused", faults + others)
    try:
        report = purchase_import.take_in(rows=given, source_key=source, patience=_PATIENCE)
    except RowsRefusedError as refused:
        raise ProblemError("rows-refused", refused.faults) from None
    except FileRefusedError as refused:
        raise ProblemError(refused.code) from None
    assert report.batch is not None  # noqa: S101 (only a dry run has none)
    return (200 if report.repeated else 201), _told(report.batch)


def _misshapen(line: int, row: Any) -> list[tuple[int, str, str]]:
    """What of a value keeps it from being a row: (line, field, code)."""
    if not isinstance(row, dict):
        return [(line, "", "not-an-object")]
    faults = [(line, "", "unknown-field")] if not row.keys() <= COLUMNS.keys() else []
    for name, value in row.items():
        if name not in COLUMNS or value is None:
            continue
        if not isinstance(value, str):
            faults.append((line, name, "not-text"))
        elif any("\ud800" <= character <= "\udfff" for character in value):
            faults.append((line, name, "encoding"))
    return faults


def _clashing(shaped: dict[int, dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Rows whose id an earlier row of the call has with another content."""
    first: dict[str, dict[str, Any]] = {}
    known = ((line, row, first.setdefault(str(row.get("id")), row)) for line, row in shaped.items())
    return [(line, "id", "id-reused") for line, row, earlier in known if row != earlier]


def _told(batch: Batch) -> dict[str, Any]:
    aside = batch.quarantine.filter(resolved_at=None).order_by("line").values_list("line", "field", "reason")[:MOST]
    return {
        "batch": batch.pk,
        "state": batch.state,
        "received_at": batch.received_at.isoformat(),
        "finished_at": batch.finished_at.isoformat() if batch.finished_at else None,
        "rows": batch.rows_read,
        "accepted": batch.rows_read - batch.quarantined,
        "put_aside": rows(aside),
    }
