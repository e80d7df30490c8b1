"""Notices in the browser (B6, E6): asked for, encrypted for it alone, telling nothing, removed when gone."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from tests.faces.conftest import Person, make_person, sign_in
from tests.support.push_service import PushService, bytes_of, claims, push_service, text_of
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox, push
from tillit.messages.models import Message, PushSubscription, State
from tillit.messages.operations import send
from tillit.messages.web_push import encrypted, is_push_service

pytestmark = pytest.mark.django_db
APP = "/lyngheim/min-side/app/"
NOTICES = f"{APP}notices/"
AGENT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest.fixture
def controllers(db: None) -> dict[str, Controller]:
    return publish_examples("union_benefits")


@pytest.fixture
def ada(controllers: dict[str, Controller]) -> Person:
    return make_person(controllers["lyngheim"], "Ada", "Strand", "+47 400 00 114")


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with push_service() as made:
        settings.WEB_PUSH_CONTACT = "mailto:drift@tillit.example"
        settings.PUSH_HOSTS = ["127.0.0.1"]
        yield made


def _send(someone: Person, key: str, channels: tuple[str, ...] = ("push",)) -> Message:
    controller = someone.controller
    with Scope(system("test", {controller.pk}), "important_notices", frozenset({someone.subject_id})) as scope:
        return send(
            scope=scope,
            subject_id=someone.subject_id,
            controller_id=controller.pk,
            template="free_text",
            values={"subject": "Om saken din", "text": "Ada Strand, saken din er ferdig."},
            at=clock.now(),
            channels=channels,
            key=key,
        )


def _state(someone: Person, key: str) -> tuple[str, str]:
    with Scope(system("test", {someone.controller.pk}), "important_notices", frozenset({someone.subject_id})):
        row = Message.objects.get(key=key)
        return row.message_state, row.reason


def test_rfc_8291_the_example_of_the_standard_is_encrypted_to_the_byte() -> None:
    private = int.from_bytes(bytes_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    made = encrypted(
        b"When I grow up, I want to be a watermelon",
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
        salt=bytes_of("DGv6ra1nlYgDCS1FRnbzlw"),
        sender=ec.derive_private_key(private, ec.SECP256R1()),
    )
    assert text_of(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru"
        "3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_b6_a_member_switches_notices_on_gets_them_and_switches_them_off(
    client: Client, ada: Person, service: PushService
) -> None:
    sign_in(client, ada)
    page = client.get(APP).text
    assert "ber nettleseren om lov" in page, "it is explained before anything is asked"
    phone = service.browser("phone")
    _send(ada, "before")
    outbox.deliver()
    assert service.taken == [], "nothing before it is switched on"
    answer = client.post(NOTICES, phone.subscription(), headers={"User-Agent": AGENT})
    assert answer.status_code == 302
    assert "Chrome, Android" in client.get(APP).text
    _send(ada, "one")
    outbox.deliver()
    assert _state(ada, "one") == (State.SENT, "")
    assert service.shown(phone) == [
        {"title": ada.controller.name, "body": "Du har fått en melding. Åpne appen for å lese den."}
    ]
    (pushed,) = service.taken
    assert b"Ada Strand" not in pushed.body
    assert {"TTL", "Urgency"} <= pushed.headers.keys()
    assert pushed.headers["Content-Encoding"] == "aes128gcm"
    said = claims(pushed.headers["Authorization"], service.address)
    assert said["sub"] == "mailto:drift@tillit.example"
    assert said["k"] in page, "the page subscribes with the same key"
    with pytest.raises(InvalidTag):
        service.browser("other").decrypt(pushed.body)
    with Scope(system("test", {ada.controller.pk}), "retention", frozenset({ada.subject_id})):
        (row,) = PushSubscription.objects.all()
    assert phone.endpoint.encode() not in bytes(row.sealed)
    client.post(NOTICES, {"off": str(row.id)})
    _send(ada, "two")
    outbox.deliver()
    assert len(service.taken) == 1
    assert "ikke slått på" in client.get(APP).text


def test_b6_a_subscription_that_is_gone_is_removed_and_the_others_stay(
    client: Client, ada: Person, service: PushService
) -> None:
    sign_in(client, ada)
    phone, tablet = service.browser("phone"), service.browser("tablet")
    for browser in (phone, tablet, phone):
        client.post(NOTICES, browser.subscription())
    service.gone.add("phone")
    _send(ada, "one")
    outbox.deliver()
    assert _state(ada, "one") == (State.SENT, "")
    assert sorted(one.path for one in service.taken) == ["/push/phone", "/push/tablet"], "each browser once"
    _send(ada, "two")
    outbox.deliver()
    assert [one.path for one in service.taken[2:]] == ["/push/tablet"]
    service.gone.add("tablet")
    _send(ada, "three")
    outbox.deliver()
    assert _state(ada, "three") == (State.FAILED, "subscription-gone")
    with Scope(system("test", {ada.controller.pk}), "retention", frozenset({ada.subject_id})):
        assert push.switched_on(subject_ids=[ada.subject_id]) == set()
        assert PushSubscription.objects.filter(gone_at__isnull=False).count() == 2


def test_b6_a_push_service_that_is_busy_is_tried_again(client: Client, ada: Person, service: PushService) -> None:
    sign_in(client, ada)
    client.post(NOTICES, service.browser("phone").subscription())
    service.status = 503
    _send(ada, "one")
    outbox.deliver()
    assert _state(ada, "one") == (State.QUEUED, "push-refused")


def test_h18_a_browser_cannot_make_the_server_call_where_it_wants(
    client: Client, ada: Person, service: PushService, settings: Any
) -> None:
    sign_in(client, ada)
    wrong = service.browser("phone").subscription() | {"endpoint": "https://internal.example/push/1"}
    assert "kjenner" in client.post(NOTICES, wrong, follow=True).text
    for changed in ({"auth": "AAAA"}, {"p256dh": "ÆØÅ"}, {"endpoint": "x" * 3000}):
        client.post(NOTICES, service.browser("phone").subscription() | changed)
    with Scope(system("test", {ada.controller.pk}), "retention", frozenset({ada.subject_id})):
        assert not PushSubscription.objects.exists()
    settings.PUSH_HOSTS = ["push.example", "*.notify.example"]
    right = ["https://push.example/a", "https://db5.notify.example/w/?token=x"]
    others = [
        "http://push.example/a",
        "https://push.example:8443/a",
        "https://user@push.example/a",
        "https://notify.example/",
    ]
    others += [
        "https://[push.example/x",
        "https://push.example/æ",
        "https://push.example/a b",
        "https://push.example/\n",
    ]
    others += ["https://evil.example/https://push.example/", "https://push.example.evil.example/", "file:///etc/passwd"]
    assert [is_push_service(one) for one in (*right, *others)] == [True] * len(right) + [False] * len(others)


def test_b6_what_is_no_address_or_row_is_answered_and_spoils_nothing_for_the_other_browsers(
    client: Client, ada: Person, service: PushService
) -> None:
    sign_in(client, ada)
    phone = service.browser("phone")
    for off in ("--5", "-", "²", "9" * 19, "5" * 30):
        assert client.post(NOTICES, {"off": off}).status_code == 302
    for endpoint in ("https://[127.0.0.1/x", f"{phone.endpoint}æ", f"{phone.endpoint}\n"):
        assert client.post(NOTICES, phone.subscription() | {"endpoint": endpoint}).status_code == 302
    with Scope(system("test", {ada.controller.pk}), "self_service", frozenset({ada.subject_id})) as scope:
        assert not push.switched_on(subject_ids=[ada.subject_id])
        push.subscribe(  # as an earlier version kept it
            scope=scope,
            subject_id=ada.subject_id,
            controller_id=ada.controller.pk,
            **phone.subscription() | {"endpoint": f"{phone.endpoint}æ"},
            device="",
            at=clock.now(),
        )
    client.post(NOTICES, phone.subscription())
    _send(ada, "one")
    outbox.deliver()
    assert _state(ada, "one") == (State.SENT, "")
    assert [one.path for one in service.taken] == ["/push/phone"], "once"
    outbox.deliver()
    assert len(service.taken) == 1


def test_b6_nothing_is_offered_where_it_is_not_declared_or_nobody_answers_for_it(
    client: Client, ada: Person, settings: Any
) -> None:
    sign_in(client, ada)
    settings.WEB_PUSH_CONTACT = ""
    assert "data-push" not in client.get(APP).text
    assert client.post(NOTICES, {}).status_code == 404


def test_b6_one_cannot_switch_off_somebody_elses(client: Client, ada: Person, service: PushService) -> None:
    eva = make_person(ada.controller, "Eva", "Strand", "+47 400 00 115")
    sign_in(client, eva)
    client.post(NOTICES, service.browser("phone").subscription())
    with Scope(system("test", {ada.controller.pk}), "retention", frozenset({eva.subject_id})):
        row = PushSubscription.objects.get()
    other = Client()
    sign_in(other, ada)
    other.post(NOTICES, {"off": str(row.id)})
    with Scope(system("test", {ada.controller.pk}), "retention", frozenset({eva.subject_id})):
        assert push.switched_on(subject_ids=[eva.subject_id]) == {eva.subject_id}
