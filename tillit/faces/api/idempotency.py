"""Each writing call once: `Idempotency-Key` (400 missing, 409 being worked on, 422 with another payload).

The first call with a key leaves its answer, which every repeat is given. A call that was refused leaves nothing: it
changed nothing, and its key is free for the mended call. Calls are forgotten after seven days (`personal_data`).

`together` is for what one transaction does (the till): the answer stands or falls with what was done. `once` is for
what takes several (the intake): a call that was cut off is made again by its repeat, which the intake counts once.
`repeatable` is for what changes nothing the second time, and may go without a key.
"""

import hmac
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from tillit.faces.api.models import ApiCall, ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.platform.secrets import secret

HEADER = "Idempotency-Key"
_FORM = re.compile(r"[!-~]{1,200}\Z")
_LOCK = 1_953_786_474  # advisory lock space of calls; the second key is a part of the digest


def key_of(request: HttpRequest) -> str:
    """The call's key. Raises `ProblemError`."""
    text = request.headers.get(HEADER)
    if text is None:
        raise ProblemError("idempotency-key-missing")
    if not _FORM.match(text):
        raise ProblemError("idempotency-key-malformed")
    return text


@dataclass
class Short:
    """A call that is done in one transaction. `answer`: what the first one was answered with, None for the first."""

    client_id: int
    key: UUID
    payload: UUID
    answer: dict[str, Any] | None

    def answered(self, answer: dict[str, Any]) -> None:
        """Remember what the call is answered with, when the transaction is committed."""
        given: dict[str, Any] = {"client": self.client_id, "key": self.key, "payload": self.payload}
        given |= {"at": clock.now(), "status": 200, "answer": json.dumps(answer)}
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "idempotency", "remember"), given)


def together(*, client: ApiClient, key: str, payload: bytes) -> Short:
    """The call, answered before or to be answered in the open transaction, which holds it. Raises `ProblemError`."""
    known, sent = _digest(client, "key", key.encode()), _digest(client, "payload", payload)
    given: dict[str, Any] = {"space": _LOCK, "lock": known.int & 0x7FFF_FFFF, "client": client.pk, "key": known}
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "idempotency", "begin"), given)
        free, before, _, answer = cursor.fetchone()
    if not free:
        raise ProblemError("idempotency-key-in-use")
    if before is not None and before != sent:
        raise ProblemError("idempotency-key-reused")
    return Short(client.pk, known, sent, json.loads(answer) if isinstance(answer, str) else answer)


def repeatable(
    *,
    request: HttpRequest,
    client: ApiClient,
    act: Callable[[], dict[str, Any]],
    again: Callable[[], dict[str, Any]] | None = None,
    secret: str = "",
) -> HttpResponse:
    """200 with what `act` answers, where the call need not have a key since the same again does nothing more. With one,
    it is done once in one transaction, and a repeat is given the first answer, but for the field `secret`, which is
    shown once and kept nowhere. `again` answers a repeat where the answer is about a person: nothing of it is kept.
    Raises `ProblemError`.
    """
    if HEADER not in request.headers:
        return JsonResponse(act())
    key = key_of(request)
    with transaction.atomic():
        call = together(client=client, key=key, payload=_whole(request))
        if call.answer is None:
            answer = act()
            call.answered({} if again else answer | ({secret: None} if secret else {}))
        else:
            answer = again() if again else call.answer
    return _answer(answer, replayed=call.answer is not None)


def repeatable_apart(*, request: HttpRequest, client: ApiClient, act: Callable[[], dict[str, Any]]) -> HttpResponse:
    """`repeatable` for what takes several transactions."""
    if HEADER not in request.headers:
        return JsonResponse(act())
    with once(client=client, key=key_of(request), payload=_whole(request)) as call:
        replayed = call.status is not None
        answer = act() if call.answer is None else call.answer
        if not replayed:
            answered(call=call, status=200, answer=answer)
    return _answer(answer, replayed=replayed)


def _whole(request: HttpRequest) -> bytes:
    return f"{request.method} {request.path} ".encode() + request.body


def _answer(answer: dict[str, Any], *, replayed: bool) -> HttpResponse:
    response = JsonResponse(answer)
    response.headers["Idempotent-Replayed"] = "true" if replayed else "false"
    return response


@contextmanager
def once(*, client: ApiClient, key: str, payload: bytes) -> Iterator[ApiCall]:
    """The call, answered before or to be answered within (`answered`). Raises `ProblemError`.

    When the block ends without an answer, the key is free again.
    """
    known, sent = _digest(client, "key", key.encode()), _digest(client, "payload", payload)
    with _locked(known.int & 0x7FFF_FFFF):
        call, _ = ApiCall.objects.get_or_create(
            client=client, key=known, defaults={"payload": sent, "received_at": clock.now()}
        )
        if UUID(str(call.payload)) != sent:
            raise ProblemError("idempotency-key-reused")
        try:
            yield call
        except ProblemError:
            ApiCall.objects.filter(client=client, key=known, status=None).delete()
            raise


def answered(*, call: ApiCall, status: int, answer: dict[str, Any]) -> None:
    """Remember what the call was answered with."""
    ApiCall.objects.filter(client_id=call.client_id, key=call.key).update(status=status, answer=answer)


@contextmanager
def _locked(lock: int) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, lock])
        if not cursor.fetchone()[0]:
            raise ProblemError("idempotency-key-in-use")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, lock])


def _digest(client: ApiClient, what: str, value: bytes) -> UUID:
    """A keyed digest: a payload holds card numbers, and a key what its sender put there."""
    return UUID(bytes=hmac.digest(secret("api_keys"), f"{what}:{client.pk}:".encode() + value, "sha256")[:16])
