"""Staff show two factors (A9, H18): set up at the first sign-in, each good once, few tries, reset by a colleague."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.faces.conftest import Person, app_secret, by_mail, sign_in, staff_sign_in
from tests.support.authenticator import Device, app_code
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.journeys import staff_sign_in as journey
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import factors
from tillit.parties import staff as staffing
from tillit.parties.credential_models import Passkey, RecoveryCode, TimeCode
from tillit.parties.errors import FactorError
from tillit.parties.models import Session, StaffMember

pytestmark = pytest.mark.django_db
ORIGIN = "https://localhost"


@pytest.fixture
def siv(controllers: dict[str, Controller]) -> StaffMember:
    return hire(controllers["rundtur"], "siv@arbeid.example", "customer_service")


def hire(controller: Controller, email: str, role: str) -> StaffMember:
    return staffing.add(
        email=email, name="Siv Vakt", controller=controller, role=role, confidentiality=date(2026, 1, 1)
    )


def inside(client: Client) -> bool:
    return client.get("/staff/rundtur/").status_code == 200


def app(staff: StaffMember, at: datetime | None = None) -> str:
    return app_code(app_secret(staff), at or clock.now())


def options(client: Client, path: str) -> dict[str, Any]:
    return client.post(path).json()  # type: ignore[no-any-return]


def add_passkey(client: Client) -> Device:
    device = Device(ORIGIN)
    made = device.create(options(client, "/staff/sign-in/set-up/passkey/options/"))
    assert client.post("/staff/sign-in/set-up/passkey/", {"passkey": made}).status_code in {200, 302}
    return device


def events(controller: Controller, kind: str) -> list[dict[str, Any]]:
    with Scope(system("test", {controller.pk}), "security_log"):
        return [row.details for row in Event.objects.filter(type=kind).order_by("at", "id")]


def test_a9_staff_set_up_a_second_factor_before_the_first_session(siv: StaffMember) -> None:
    client, where = by_mail(siv)
    assert where == "/staff/sign-in/set-up/"
    assert not inside(client)
    assert client.get("/staff/sign-in/security/")["Location"] == "/staff/sign-in/"
    page = client.get(where).text
    shown = re.search(r'class="t-secret">([A-Z2-7 ]+)<', page)
    assert shown is not None
    assert "<svg" in page
    assert client.post(where, {"code": "000000"}).status_code == 422
    assert not inside(client)
    done = client.post(where, {"code": app_code(shown.group(1), clock.now())})
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", done.text)
    assert len(set(codes)) == 10
    assert inside(client)
    held = repr(list(TimeCode.objects.values())) + repr(list(RecoveryCode.objects.values()))
    held += repr([row.get_decoded() for row in Session.objects.all()])
    assert shown.group(1).replace(" ", "") not in held
    assert codes[0] not in held
    assert events(Controller.objects.get(key="rundtur"), "factor.added")[0]["kind"] == "totp"
    assert Session.objects.get(login_id=siv.login_id).method == "email_code_totp"


def test_a9_the_code_by_e_mail_alone_lets_no_colleague_in(siv: StaffMember) -> None:
    staff_sign_in(Client(), siv.email)
    client, where = by_mail(siv)
    assert where == "/staff/sign-in/factor/"
    for path in ("/staff/", "/staff/rundtur/", "/staff/sign-in/security/", "/staff/sign-in/set-up/"):
        assert client.get(path).status_code == 302, path
    assert client.post("/staff/sign-in/set-up/passkey/options/").status_code == 302
    assert not Session.objects.filter(login_id=siv.login_id, method__in=["", "email_code"]).exists()
    TimeCode.objects.update(last_step=0)
    assert client.post(where, {"code": app(siv)})["Location"] == "/staff/"
    assert inside(client)


def test_h18_a_code_of_the_app_works_once_and_within_half_a_minute(siv: StaffMember) -> None:
    start = clock.now()
    with clock.travel(start):
        staff_sign_in(Client(), siv.email)
        code = app(siv)
        client, where = by_mail(siv)
        assert client.post(where, {"code": code}).status_code == 422, "used when the app was set up"
    later = start + timedelta(minutes=5)
    with clock.travel(later):
        client, where = by_mail(siv, client)
        for wrong in (later - timedelta(seconds=90), later + timedelta(seconds=90)):
            assert client.post(where, {"code": app(siv, wrong)}).status_code == 422
        assert client.post(where, {"code": app(siv, later - timedelta(seconds=30))}).status_code == 302


def test_h18_ten_wrong_codes_of_the_app_make_a_colleague_wait(siv: StaffMember) -> None:
    start = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
    with clock.travel(start):
        staff_sign_in(Client(), siv.email)
        client, where = by_mail(siv)
        answers = [client.post(where, {"code": "000000"}).status_code for _ in range(12)]
        assert answers.count(422) >= 8
        assert answers[-1] == 429
        assert client.post(where, {"code": app(siv, start + timedelta(seconds=30))}).status_code == 429
    with clock.travel(start + timedelta(minutes=15)):
        client, where = by_mail(siv, client)
        assert client.post(where, {"code": app(siv)}).status_code == 302
    assert events(Controller.objects.get(key="rundtur"), "login.failed")[0]["reason"] == "wrong"


def test_a_recovery_code_works_once(siv: StaffMember) -> None:
    staff_sign_in(Client(), siv.email)
    code = factors.make_recovery_codes(login=siv.login)[3]
    client, where = by_mail(siv)
    assert client.post(where, {"code": f" {code.upper()} "}).status_code == 302
    assert inside(client)
    assert factors.of(login_id=siv.login_id).recovery_left == 9
    client, where = by_mail(siv, Client())
    assert client.post(where, {"code": code}).status_code == 422


def test_a9_a_passkey_is_a_second_factor_and_signs_in_by_itself(siv: StaffMember) -> None:
    client, _ = by_mail(siv)
    device = add_passkey(client)
    assert inside(client)
    assert "user" not in repr(Passkey.objects.values("device"))
    client, where = by_mail(siv)
    assert where == "/staff/sign-in/factor/"
    answer = device.get(options(client, "/staff/sign-in/passkey/options/"))
    assert client.post("/staff/sign-in/passkey/", {"passkey": answer})["Location"] == "/staff/"
    alone = Client(HTTP_HOST="localhost")
    answer = device.get(options(alone, "/staff/sign-in/passkey/options/"))
    assert alone.post("/staff/sign-in/passkey/", {"passkey": answer})["Location"] == "/staff/"
    assert inside(alone)
    methods = [row["method"] for row in events(Controller.objects.get(key="rundtur"), "login.succeeded")]
    assert methods == ["email_code_passkey", "email_code_passkey", "passkey"]


def test_a9_a_colleague_s_passkey_takes_over_a_browser_in_which_a_member_is_signed_in(
    siv: StaffMember, kari: Person
) -> None:
    device, client = add_passkey(by_mail(siv)[0]), Client(HTTP_HOST="localhost")
    sign_in(client, kari)
    answer = device.get(options(client, "/staff/sign-in/passkey/options/"))
    assert client.post("/staff/sign-in/passkey/", {"passkey": answer})["Location"] == "/staff/"
    assert inside(client)
    assert client.get("/rundtur/min-side/").status_code == 302, "the member's session is over"
    with clock.travel(clock.now() + timedelta(hours=9)):
        assert client.get("/staff/sign-in/factor/")["Location"] == "/staff/sign-in/", "an old session shows nothing"
        answer = device.get(options(client, "/staff/sign-in/passkey/options/"))
        client.post("/staff/sign-in/passkey/", {"passkey": answer})
        assert inside(client)


@pytest.mark.parametrize("fault", ["replayed", "unverified", "counter", "origin", "unknown", "left", "garbage"])
def test_h18_a_passkey_s_wrong_answer_lets_nobody_in(siv: StaffMember, fault: str) -> None:
    device = add_passkey(by_mail(siv)[0])
    client = Client(HTTP_HOST="localhost")
    asked = options(client, "/staff/sign-in/passkey/options/")
    if fault == "replayed":
        answer = device.get(asked)
        assert client.post("/staff/sign-in/passkey/", {"passkey": answer}).status_code == 302
        client = Client(HTTP_HOST="localhost")
        options(client, "/staff/sign-in/passkey/options/")
    elif fault == "counter":
        Passkey.objects.update(sign_count=7)
        answer = device.get(asked)
    elif fault == "left":
        answer = device.get(asked)
        staffing.end(staff=siv)
    elif fault == "garbage":
        answer = '{"id": 1, "rawId": [], "response": {"clientDataJSON": 3}}'
    else:
        other = Device(ORIGIN, user=device.user) if fault == "unknown" else device
        other.verifies = fault != "unverified"
        other.origin = "https://elsewhere.example" if fault == "origin" else ORIGIN
        answer = other.get(asked)
    assert client.post("/staff/sign-in/passkey/", {"passkey": answer}).status_code == 422
    assert not inside(client)


def test_the_last_second_factor_cannot_be_removed(siv: StaffMember) -> None:
    client, _ = by_mail(siv)
    add_passkey(client)
    key = str(Passkey.objects.get().pk)
    client.post("/staff/sign-in/security/", {"act": "passkey", "passkey": key})
    assert Passkey.objects.filter(pk=key).exists()
    client.get("/staff/sign-in/set-up/")
    client.post("/staff/sign-in/set-up/", {"code": app(siv)})
    client.post("/staff/sign-in/security/", {"act": "passkey", "passkey": key})
    assert not Passkey.objects.exists()
    assert events(Controller.objects.get(key="rundtur"), "factor.removed")[-1]["kind"] == "passkey"


def test_h18_changing_the_factors_asks_for_one_first(siv: StaffMember) -> None:
    start = clock.now()
    with clock.travel(start):
        client, _ = by_mail(siv)
        device = add_passkey(client)
        assert client.get("/staff/sign-in/security/").status_code == 200
    with clock.travel(start + timedelta(minutes=15)):
        assert inside(client)
        again = client.get("/staff/sign-in/security/")
        assert again["Location"] == "/staff/sign-in/factor/?next=/staff/sign-in/security/"
        assert client.get("/staff/sign-in/set-up/").status_code == 302
        answer = device.get(options(client, "/staff/sign-in/passkey/options/"))
        shown = client.post("/staff/sign-in/passkey/", {"passkey": answer, "next": "/staff/sign-in/security/"})
        assert shown["Location"] == "/staff/sign-in/security/"
        assert client.get("/staff/sign-in/security/").status_code == 200


def test_a9_a_colleague_resets_the_factors_on_record_and_never_their_own(
    siv: StaffMember, controllers: dict[str, Controller]
) -> None:
    rundtur = controllers["rundtur"]
    ida = hire(rundtur, "ida@arbeid.example", "it_operations")
    stranger = hire(controllers["lyngheim"], "liv@arbeid.example", "administrator")
    client = Client()
    staff_sign_in(client, siv.email)
    assert inside(client)
    for by in (siv, stranger, hire(rundtur, "mia@arbeid.example", "marketing")):
        with pytest.raises(FactorError):
            journey.reset_factors(staff=siv, by=by, controller_id=rundtur.pk)
    assert inside(client)
    assert journey.reset_factors(staff=siv, by=ida, controller_id=rundtur.pk) == ["totp", "recovery_code"]
    assert not inside(client)
    assert by_mail(siv)[1] == "/staff/sign-in/set-up/"
    assert events(rundtur, "factor.reset") == [{"staff": siv.pk, "by": ida.pk, "kinds": ["recovery_code", "totp"]}]


def test_h18_no_way_in_is_in_a_dump_or_an_answer() -> None:
    from tillit.declaration.registry import OWNED

    for model in (Passkey, TimeCode, RecoveryCode):
        table = OWNED[model._meta.db_table]
        assert not table.backed_up
        assert table.not_exported
