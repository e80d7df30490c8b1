"""Every role against every address of the console: it opens its own pages and finds nothing at the others (A9).

The table below is written by hand from what each role is for, not from the menu; addresses that are not in it
answer every role without an error, and their own tests say who opens them.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.faces.test_staff import at_work, hire
from tests.support import shops
from tests.support.world import publish_examples
from tillit.declaration import drafts
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.staff_web.access import staff_actor
from tillit.journeys.files import sending
from tillit.kernel import clock
from tillit.parties.models import StaffRole
from tillit.privacy.breach import operations as breaches

pytestmark = pytest.mark.django_db

EVERYBODY = frozenset(vocabulary().roles)
SERVICE, DESK, ADVISER = "customer_service", "reception", "privacy_adviser"
FILES, IT, OWNER, AUDITOR = "administrator", "it_operations", "club_owner", "auditor"
MAY: dict[str, frozenset[str]] = {
    "staff_desk": EVERYBODY,
    "staff_audit": frozenset({ADVISER, IT, AUDITOR}),
    "staff_breaches": frozenset({ADVISER}),
    "staff_breach": frozenset({ADVISER}),
    "staff_breach_form": frozenset({ADVISER}),
    "staff_colleagues": frozenset({ADVISER, IT, FILES}),
    "staff_complaints": frozenset({SERVICE, FILES}),
    "staff_declaration": frozenset({ADVISER}),
    "staff_draft": frozenset({ADVISER}),
    "staff_draft_history": frozenset({ADVISER}),
    "staff_draft_preview": frozenset({ADVISER}),
    "staff_draft_publish": frozenset({ADVISER}),
    "staff_enrol": frozenset({SERVICE, DESK, FILES}),
    "staff_holds": frozenset({ADVISER}),
    "staff_import": frozenset({FILES}),
    "staff_imports": frozenset({FILES}),
    "staff_promises": frozenset({ADVISER, IT, AUDITOR}),
    "staff_refunds": frozenset({SERVICE, FILES}),
    "staff_reports": frozenset({OWNER, AUDITOR, FILES}),
    "staff_requests": frozenset({ADVISER}),
    "staff_rows": frozenset({FILES}),
    "staff_audiences": frozenset({"marketing"}),
    "staff_campaigns": frozenset({"marketing"}),
    "staff_claims": frozenset({SERVICE, FILES}),
    "staff_enquiries": frozenset({SERVICE, OWNER}),
    "staff_enquiry_stranger": frozenset({SERVICE, OWNER}),
    "staff_misuse": frozenset({FILES}),
    "staff_request_stranger": frozenset({SERVICE, DESK, ADVISER, OWNER, FILES, "service_agent"}),
    "staff_terms": frozenset({FILES}),
    "staff_search": EVERYBODY,
    "staff_webhooks": frozenset({ADVISER, IT, AUDITOR}),
}


@pytest.fixture
def world(db: Any) -> dict[str, Any]:
    """Something at each address: the controller's own where there is one, else a number that is nobody's."""
    rundtur = publish_examples("bonus")["rundtur"]
    source = shops.source(rundtur, key="butikk-fil")
    shops.shops(rundtur)
    staff = hire(rundtur, "administrator", "Siv Vakt")
    actor = staff_actor(staff=staff, controller=rundtur)
    draft = drafts.begin(controller=rundtur, actor=actor, at=clock.now())
    body = f"{shops.HEADER}\n{shops.row(1, shops.card_number(1))}\n".encode()
    file = sending.send(
        kind=sending.KINDS["purchases"], target=source.key, name="f.csv", body=body, actor=actor, controller=rundtur
    )
    adviser = hire(rundtur, "privacy_adviser", "Pia Vern")
    now = clock.now()
    breach = breaches.register(
        actor=staff_actor(staff=adviser, controller=rundtur),
        controller_id=rundtur.pk,
        what="En prøve",
        at=now,
        source="staff",
        known_at=now,
    )
    numbers = {
        "staff_breach": [breach.reference],
        "staff_breach_form": [breach.reference],
        "staff_draft_history": [str(draft.pk)],
        "staff_import": [str(file.pk)],
        "staff_rows": ["purchases", source.key],
    }
    return {"staff": staff, "client": at_work(staff), "numbers": numbers}


def addresses() -> Iterator[tuple[str, list[str]]]:
    """(name, kinds of its arguments beside the controller) of each address of the console at a controller."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, list[str]]]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns)
            elif (one.name or "").startswith("staff_") and "controller" in one.pattern.converters:
                yield str(one.name), [name for name in one.pattern.converters if name != "controller"]

    yield from walk(get_resolver().url_patterns)


def test_a9_every_role_opens_its_own_pages_and_finds_nothing_at_the_others(world: dict[str, Any]) -> None:
    wrong, tried = [], 0
    for role in sorted(EVERYBODY):
        StaffRole.objects.filter(staff=world["staff"]).update(role=role)
        for name, kinds in addresses():
            given = world["numbers"].get(name, ["123456789"] * len(kinds))
            status = world["client"].get(reverse(name, args=["rundtur", *given])).status_code
            tried += 1
            assert status < 500, (role, name)
            if name in MAY and (status < 400) != (role in MAY[name]):
                wrong.append((role, name, status))
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 15 * 40
    assert MAY.keys() <= {name for name, _ in addresses()}


def test_a9_nobody_opens_a_page_at_a_controller_they_have_no_role_at(world: dict[str, Any]) -> None:
    opened = [
        name
        for name, kinds in addresses()
        if world["client"].get(reverse(name, args=["nordkai", *(["1"] * len(kinds))])).status_code < 400
    ]
    assert opened == []
