"""Contacts at suppliers and partners: found by who deals with them, told, gone as declared (H16)."""

from datetime import timedelta

from django.core import mail

from tests.faces.test_staff import at_work, hire
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention

_DESK = "/staff/solvik/contacts/"
PER = {
    "kind": "supplier_contact",
    "name": "Per Papirsen",
    "company": "Papirhuset",
    "work": "Sales",
    "email": "per@papir.example",
    "phone": "400 00 333",
}


def test_h16_contacts_at_suppliers_are_kept_told_corrected_and_go_three_months_after(solvik: Controller) -> None:
    desk = at_work(hire(solvik, "administrator", "Ada Bestill"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "to keep in touch about the deliveries" in desk.get(f"{_DESK}new/").text, "the declared notice"
    for wrong in ({"name": ""}, {"company": ""}, {"email": "x"}, {"phone": "1"}, {"kind": "employee"}):
        assert desk.post(f"{_DESK}new/", PER | wrong).status_code == 422, wrong
    here = str(desk.post(f"{_DESK}new/", PER)["Location"])
    outbox.deliver()
    (told,) = [one for one in mail.outbox if one.to == ["per@papir.example"]]
    assert "Papirhuset" in told.body
    assert "object" in told.body or "protestere" in told.body
    assert "Papirsen" in desk.get(f"{_DESK}?q=papirhuset+per").text
    assert "No contact has that" in desk.get(f"{_DESK}?q=nobody").text
    desk.post(here, PER | {"act": "change", "work": "Logistics", "phone": ""})
    page = desk.get(here).text
    assert "Logistics" in page
    assert "+47" not in page
    for role in ("customer_service", "payroll", "recruiter", "marketing"):
        other = at_work(hire(solvik, role, f"{role.title().replace('_', '')} Annen"))
        assert [other.get(path).status_code for path in (_DESK, here)] == [404] * 2, role
    with Scope(system("test", {solvik.pk}), "newsletter"):
        assert not Fact.objects.exists(), "used for nothing else"
    desk.post(here, {"act": "end"})
    assert desk.post(here, PER | {"act": "change"}).status_code == 422
    with Scope(system("test", {solvik.pk}), "supplier_contact"):
        (subject,) = Relationship.objects.filter(kind="supplier_contact").values_list("subject_id", flat=True)
    with Scope(system("test", {solvik.pk}), "security_log"):
        assert Event.objects.filter(subject_id=subject, type="person.read").exists()
    ended = clock.now()
    for after, expected in ((85, True), (95, False)):
        clock.travel(ended + timedelta(days=after))
        retention.run()
        with Scope(system("test", {solvik.pk}), "proof"):
            assert Fact.objects.filter(subject_id=subject).exists() is expected, after
