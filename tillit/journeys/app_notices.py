"""Notices in a browser, switched on and off by the person (B6, E6)."""

import re

from tillit.declaration.forms import form_on
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import push
from tillit.messages.errors import MessageRefusedError
from tillit.messages.web_push import bytes_of, is_push_service
from tillit.parties.merging import same_person

PAGE = "push_devices"
_LONGEST = 2000
_POINT, _AUTH = 65, 16  # bytes (RFC 8291 3.1, 3.2)


def switch_on(*, controller: Controller, subject_id: int, endpoint: str, p256dh: str, auth: str, device: str) -> None:
    """Keep what the browser was given by its push service.

    Raises `MessageRefusedError` for an address that is no push service's, and keys that no browser makes.
    """
    try:
        right = len(bytes_of(p256dh)) == _POINT and len(bytes_of(auth)) == _AUTH
    except ValueError:
        right = False
    if not right or len(endpoint) > _LONGEST or not is_push_service(endpoint):
        raise MessageRefusedError("no-push-service", "that is no subscription of a known push service")
    with _scope(controller, subject_id) as scope:
        push.subscribe(
            scope=scope,
            subject_id=subject_id,
            controller_id=holder_of(controller_id=controller.pk),
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            device=device,
            at=clock.now(),
        )


def switch_off(*, controller: Controller, subject_id: int, row: str) -> bool:
    """Send nothing more to one of the person's browsers; whether it was one of theirs."""
    if not re.fullmatch(r"-?[0-9]{1,19}", row) or abs(int(row)) >= 2**63:  # a bigint
        return False
    with _scope(controller, subject_id) as scope:
        return push.unsubscribe(scope=scope, subject_id=subject_id, row_id=int(row), at=clock.now())


def _scope(controller: Controller, subject_id: int) -> Scope:
    form = form_on(current(controller_id=controller.pk, on=clock.today()), PAGE)
    if form is None:
        raise MessageRefusedError("no-push", "the controller declares no notices in the app")
    everyone = {controller.pk, holder_of(controller_id=controller.pk)}
    return Scope(system("app", everyone), form.activity, frozenset(same_person(subject_id)))
