"""A partner submits what its customer has said, with what shows it, or not at all (F1)."""

from base64 import b64encode
from datetime import timedelta

from django.core import mail

from tests.faces.api.outside import PDF, WORDS, Bank, permission
from tests.faces.test_staff import at_work, find, hire, link
from tests.services.products import Company
from tillit.consent.models import ConsentEvent, ProofFile, Wording
from tillit.consent.queries import may
from tillit.kernel import clock
from tillit.messages import outbox
from tillit.privacy.prove.run import prove


def _proven() -> set[str]:
    found = prove(controllers=["trygghavn"], kinds=["domains"])
    return {one.finding.status for one in found if one.promise.path == "activities.newsletter.sources"}


def test_f1_a_partner_submits_a_permission_with_its_evidence_and_without_it_none(trygghavn: Company) -> None:
    bank, other = Bank(trygghavn.union), Bank(trygghavn.bank)  # the union may send addresses, too
    rows = [
        {"given": "Kari", "family": "Fjell", "product": "trygg", "customer_number": "K-1", "email": "kari@post.example"}
    ]
    assert bank.send("entitlements", {"rows": rows}).status_code == 200
    kari = trygghavn.entitled()[0].subject_id
    allowed = {"controller_id": trygghavn.controller.pk, "activity": "newsletter", "channel": "email"}
    for changes, code in (
        ({"evidence": {}}, "evidence-missing"),
        ({"evidence": {"file": "not base64"}}, "evidence-unusable"),
        ({"evidence": {"file": b64encode(b"<html>").decode()}}, "evidence-unusable"),
        ({"wording": ""}, "body-shape"),
        ({"said_at": (clock.now() + timedelta(hours=1)).isoformat()}, "moment-unusable"),
        ({"said_at": "2026-03-01T10:00:00"}, "moment-unusable"),
        ({"said_at": "2024-01-01T10:00:00+00:00"}, "moment-unusable"),
        ({"activity": "marketing"}, "choice-unknown"),  # declared as from the person alone
        ({"channel": "sms"}, "choice-unknown"),
        ({"number": "K-2"}, "person-unknown"),
    ):
        refused = bank.send("consents", permission(**changes))
        assert refused.json()["code"] == code, (changes, refused.text)
    assert other.send("consents", permission()).json()["code"] == "person-unknown", "not its customer"
    assert not may(subject_id=kari, **allowed)
    said_at = clock.now() - timedelta(days=2)
    taken = bank.send("consents", permission(said_at), once="p1")
    assert taken.json() == {"recorded": True, "in_effect": True, "receipt_sent": True}
    assert bank.send("consents", permission(said_at), once="p1")["Idempotent-Replayed"] == "true"
    assert may(subject_id=kari, **allowed)
    with trygghavn.scope(kari, "consent_proof"):
        (act,) = ConsentEvent.objects.filter(subject_id=kari)
        assert (act.route, act.at, act.evidence) == ("partner", said_at, "havforbund: skjema 311")
        assert Wording.objects.get(pk=act.wording).text == WORDS
        assert PDF not in bytes(ProofFile.objects.get(event_id=act.id).sealed)
    mail.outbox.clear()
    outbox.deliver()
    assert [one.to for one in mail.outbox] == [["kari@post.example"]]
    adviser = at_work(hire(trygghavn.controller, "privacy_adviser"))
    page = link(find(adviser, "Kari", key="trygghavn", purpose="rights_requests")) + "proof/"
    assert WORDS in adviser.get(page).text
    file = adviser.get(f"{page}{act.id}/")
    assert (file.getvalue() if file.streaming else file.content, file["Content-Type"]) == (PDF, "application/pdf")
    assert "attachment" in file["Content-Disposition"]
    assert adviser.get(f"{page}{act.id + 1}/").status_code == 404
    assert _proven() == {"kept"}
    with trygghavn.scope(kari, "consent_proof"):
        mine = ConsentEvent.objects.filter(subject_id=kari)
        mine.update(wording="0" * 64)
    assert _proven() == {"broken"}, "without its words"
    with trygghavn.scope(kari, "consent_proof"):
        mine.update(wording=act.wording, evidence="havforbund")
    assert _proven() == {"kept"}, "the file shows it"
    with trygghavn.scope(kari, "rights_requests"):
        ProofFile.objects.filter(subject_id=kari).delete()
    assert _proven() == {"broken"}, "nothing shows it"
    with trygghavn.scope(kari, "consent_proof"):
        mine.update(evidence=act.evidence)
    assert bank.send("consents", permission(given=False, evidence={})).json()["in_effect"] is True, "a no needs none"
    assert not may(subject_id=kari, **allowed)
    assert bank.send("consents", permission(said_at)).json()["in_effect"] is False, "a yes before the no"
    assert not may(subject_id=kari, **allowed)
