"""Joining on the web: form, two codes, a member with one BonusID (C1-C3, A2, F1)."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import Person
from tillit.consent.models import ConsentEvent
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys import join_link, joining
from tillit.journeys.join import Applicant
from tillit.journeys.joining import Codes
from tillit.journeys.sms.dispatch import dispatch
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance
from tillit.messages import mail as outbox
from tillit.messages import mail_folder
from tillit.parties import lookup
from tillit.parties.models import Relationship, SignInCode, Subject
from tillit.parties.queries import facts

FORM = {
    "given": "Turid",
    "family": "Ås",
    "street": "Kaigata 2",
    "postal_code": "9008",
    "city": "Tromsø",
    "email": "turid.aas@post.example",
    "mobile": "400 00 451",
    "birth_date": "1980-02-29",
    "terms": "1",
}
MOBILE = "+4740000451"


def text_code(number: str) -> str:
    """The code in the latest SMS to the number."""
    outbox.wait()
    sent = sorted(mail_folder.folder().glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    body = next(text for path in sent if f"To: {number}\n" in (text := path.read_text(encoding="utf-8")))
    return re.findall(r"\b\d{6}\b", body)[0]


def mail_code(address: str) -> str:
    """The code in the latest mail to the address."""
    outbox.wait()
    body = next(str(one.body) for one in reversed(mail.outbox) if one.to == [address])
    return re.findall(r"\b\d{6}\b", body)[0]


def asked(client: Client, path: str = "/nordkai/join/", **more: Any) -> Any:
    """The answer to the form filled in."""
    return client.post(path, {**FORM, **more})


def codes(
    client: Client,
    answer: Any,
    path: str = "/nordkai/join/",
    *,
    email: str = FORM["email"],
    mobile: str = MOBILE,
    **typed: str,
) -> Any:
    """Send the codes that were sent to these addresses, or others."""
    pending = re.search(r'name="pending" value="([^"]+)"', answer.content.decode())
    assert pending is not None
    right = {"email_code": mail_code(email)}
    if "mobile_code" not in typed and 'name="mobile_code"' in answer.content.decode():
        right["mobile_code"] = text_code(mobile)
    return client.post(path, {"pending": pending.group(1), **right, **typed})


def register_of(controllers: dict[str, Controller]) -> int:
    return controllers["rundtur"].register_id


def known(controllers: dict[str, Controller]) -> int | None:
    return lookup.by_address(register_id=register_of(controllers), text=FORM["email"])


def test_c1_c2_f1_a_visitor_joins_with_two_codes_and_both_controllers_answer(
    client: Client, controllers: dict[str, Controller]
) -> None:
    page = client.get("/nordkai/join/", headers={"Accept-Language": "nb"}).content.decode()
    assert controllers["nordkai"].name in page
    assert controllers["rundtur"].name in page
    assert "checked" not in page
    answer = asked(client, consent=["newsletter:email"], topic=["dining", "nowhere"])
    assert answer.status_code == 200
    assert known(controllers) is None
    assert not Subject.objects.filter(register_id=register_of(controllers)).exists()
    done = codes(client, answer)
    assert done.status_code == 200
    subject = known(controllers)
    assert subject is not None
    everyone = system("test", {one.pk for one in controllers.values() if one.register_id == register_of(controllers)})
    with Scope(everyone, "consent_proof", frozenset({subject})):
        given = ConsentEvent.objects.get(subject_id=subject)
        assert (given.activity, given.channel) == ("newsletter", "email")
        assert given.controller_id == controllers["nordkai"].pk
        assert (given.route, len(given.wording)) == ("web", 64)
    with Scope(everyone, "membership_administration", frozenset({subject})):
        accepted = TermsAcceptance.objects.filter(subject_id=subject)
        assert {(row.controller_id, row.version, row.route) for row in accepted} == {
            (controllers["nordkai"].pk, 1, "web"),
            (controllers["rundtur"].pk, 1, "web"),
        }
        ties = Relationship.objects.filter(subject_id=subject, ended=None)
        assert set(ties.values_list("controller_id", flat=True)) == set(
            accepted.values_list("controller_id", flat=True)
        )
    with Scope(everyone, "self_service", frozenset({subject})):
        assert facts(subject_id=subject)["interest.dining"] == "dining"
        assert "interest.nowhere" not in facts(subject_id=subject)
    assert client.get("/nordkai/min-side/").status_code == 200


def test_c1_a_code_that_is_not_right_joins_nobody_and_spends_neither(
    client: Client, controllers: dict[str, Controller]
) -> None:
    answer = asked(client)
    wrong = codes(client, answer, mobile_code="000000" if text_code(MOBILE) != "000000" else "111111")
    assert (wrong.status_code, known(controllers)) == (422, None)
    page = wrong.content.decode()
    other = codes(client, answer, email_code="000000" if mail_code(FORM["email"]) != "000000" else "111111")
    assert _told(page) == _told(other.content.decode())
    assert "code-error" in page
    assert codes(client, answer).status_code == 200
    assert known(controllers) is not None


def _told(page: str) -> list[str]:
    """What the page with the codes says of what was typed."""
    return re.findall(r'aria-invalid="true"|aria-describedby="[^"]+"|<p class="ds-validation-message".*?</p>', page)


def test_h18_a_code_that_was_never_sent_joins_nobody(controllers: dict[str, Controller]) -> None:
    """More codes than are sent, and more tries, are no more chances (who could guess an address open would own it)."""
    for _ in range(joining.PER_ADDRESS.most):
        applicant, sent = _asked(controllers)
    unsent = _asked(controllers)[1]
    assert _purposes(sent) == {joining.PURPOSE}
    assert _purposes(unsent) == {joining.NEVER_SENT}
    right = _set_codes(unsent)
    assert _confirmed(controllers, applicant, unsent, right) is None
    assert joining.codes.tries_left(code_id=unsent.email) == 4


def test_h18_an_address_is_guessed_at_so_many_times_whoever_tries(controllers: dict[str, Controller]) -> None:
    applicant, sent = _asked(controllers)
    right = _set_codes(sent)
    for turn in range(joining.TRIES_PER_ADDRESS.most):
        other = Codes(uuid4(), uuid4())
        assert _confirmed(controllers, applicant, other, right, f"10.{turn}.0.1") is None
    assert _confirmed(controllers, applicant, sent, right, "10.99.0.1") is None
    with clock.travel(clock.now() + timedelta(minutes=16)):
        applicant, sent = _asked(controllers)
        assert _confirmed(controllers, applicant, sent, _set_codes(sent)) is not None


def _asked(controllers: dict[str, Controller]) -> tuple[Applicant, Codes]:
    words = joining.Words("{code}", "{code} {minutes}", "{code} {minutes}", "Klubb")
    stated = joining.applicant_of(FORM)
    return joining.ask(controller=controllers["nordkai"], stated=stated, network_address="10.0.0.1", words=words)


def _purposes(sent: Codes) -> set[str]:
    rows = SignInCode.objects.filter(id__in=[sent.email, sent.mobile])
    return set(rows.values_list("purpose", flat=True))


def _set_codes(sent: Codes) -> str:
    """Make both codes the same, as a guess that is right would be."""
    for row in SignInCode.objects.filter(id__in=[sent.email, sent.mobile]):
        row.digest = joining.codes._digest(row.id, "123456")
        row.save(update_fields=["digest"])
    return "123456"


def _confirmed(
    controllers: dict[str, Controller], applicant: Applicant, sent: Codes, code: str, network: str = "10.0.0.1"
) -> Any:
    return joining.confirm(
        controller=controllers["nordkai"],
        applicant=applicant,
        sent=sent,
        email_code=code,
        mobile_code=code,
        route="web",
        agreements=[],
        topics=[],
        network_address=network,
        language="nb",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "2015-01-01"),
        ("birth_date", "never"),
        ("mobile", "22 22 22 22"),
        ("mobile", "12"),
        ("email", "turid"),
        ("given", ""),
        ("terms", ""),
    ],
)
def test_c1_what_cannot_be_used_is_told_at_its_field(
    client: Client, controllers: dict[str, Controller], field: str, value: str
) -> None:
    answer = asked(client, **{field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.content.decode()
    assert not mail.outbox


def test_h18_the_form_answers_the_same_whether_the_person_is_known_or_not(client: Client, kari: Person) -> None:
    def told(**typed: str) -> str:
        page = asked(client, **typed).content.decode()
        page = re.sub(r'value="[^"]{30,}"', "", page)
        for text in (kari.email, FORM["email"], "40\u00a000\u00a001\u00a011", "40\u00a000\u00a004\u00a051"):
            page = page.replace(text, "")
        return page

    stranger = told()
    assert stranger == told(email=kari.email)
    assert stranger == told(email=kari.email, mobile=kari.phone)
    outbox.wait()
    assert len(mail.outbox) == 3  # everybody is written to, known or not


def test_c3_the_bonus_id_of_both_addresses_is_linked_and_nothing_of_it_is_shown(
    client: Client, controllers: dict[str, Controller], kari: Person
) -> None:
    path = "/skogheim/join/"
    answer = asked(client, path=path, mobile=kari.phone, email=kari.email)
    done = codes(client, answer, path=path, email=kari.email, mobile="+4740000111")
    assert done.status_code == 200
    assert "Nordseth" not in done.content.decode()
    assert client.get("/skogheim/min-side/").status_code == 302  # signing in is another thing
    ids = {controllers[key].pk for key in ("rundtur", "skogheim")}
    with Scope(system("test", ids), "membership_administration", frozenset({kari.subject_id})):
        ties = Relationship.objects.filter(subject_id=kari.subject_id, ended=None)
        assert set(ties.values_list("controller_id", flat=True)) == ids
        assert facts(subject_id=kari.subject_id)["name.given"] == "Kari"


def test_c1_the_link_of_an_sms_proves_the_number_and_holds_nothing_in_clear(
    client: Client, controllers: dict[str, Controller]
) -> None:
    token = join_link.make(controller=controllers["nordkai"], number=MOBILE)
    assert MOBILE[3:] not in token
    path = f"/nordkai/join/{token}/"
    assert "40\u00a000\u00a004\u00a051" in client.get(path).content.decode()
    answer = asked(client, path)
    assert 'name="mobile_code"' not in answer.content.decode()
    assert codes(client, answer, path).status_code == 200
    assert known(controllers) is not None
    assert client.get(f"/skogheim/join/{token}/").status_code == 404
    with clock.travel(clock.now() + join_link.LIVES):
        assert client.get(path).status_code == 404


def test_c1_the_sms_keyword_is_answered_with_a_link_to_complete_the_joining(
    client: Client, controllers: dict[str, Controller]
) -> None:
    def answer(key: str, sender: str = MOBILE, number: str = "1") -> str:
        return dispatch(controller=controllers[key], key=number, sender=sender, text="medlem", at=clock.now()).text

    before = answer("nordkai")
    link = re.search(r"/nordkai/join/[\w-]+/", before)
    assert link is not None
    done = codes(client, asked(client, link.group()), link.group())
    assert done.status_code == 200
    subject = known(controllers)
    assert subject is not None
    with Scope(system("test", {controllers["nordkai"].pk}), "membership_administration", frozenset({subject})):
        accepted = TermsAcceptance.objects.filter(controller_id=controllers["nordkai"].pk)
        assert accepted.get(subject_id=subject).route == "sms"
    again = answer("nordkai", number="2")  # a member now, and told the same
    assert re.sub(r"join/[\w-]+/", "", again) == re.sub(r"join/[\w-]+/", "", before)
    assert "/join/" not in answer("lyngheim")


def test_c1_another_number_than_the_link_s_needs_its_own_code(
    client: Client, controllers: dict[str, Controller]
) -> None:
    token = join_link.make(controller=controllers["nordkai"], number="+4740000999")
    assert 'name="mobile_code"' in asked(client, f"/nordkai/join/{token}/").content.decode()


def test_a2_the_form_says_what_why_and_until_when(client: Client, controllers: dict[str, Controller]) -> None:
    page = client.get("/nordkai/join/", headers={"Accept-Language": "en"}).content.decode()
    declared = current(controller_id=controllers["nordkai"].pk, on=date.today())
    form = next(one for one in declared.forms if one.key == "join_web")
    assert 'data-form="join_web"' in page
    assert form.notice["en"] in page
    activity = declared.activity(form.activity)
    assert activity is not None
    assert activity.purpose["en"] in page
    assert "the relationship ended" in page
    assert client.get("/lyngheim/join/").status_code == 404  # a union's register is joined elsewhere
