"""The declaration written in the console: checked as it is typed, compared, approved by another, published (A2, A4)."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.support.world import publish_examples
from tillit.declaration import drafts
from tillit.declaration.errors import DeclarationRefusedError
from tillit.declaration.models import Controller, DeclarationVersion, Draft, DraftRevision
from tillit.declaration.publish import publish_checked
from tillit.faces.jobs import tasks
from tillit.kernel import clock
from tillit.parties.models import StaffRole
from tillit.privacy.prove.run import prove

pytestmark = pytest.mark.django_db
PATH = "/staff/rundtur/declaration/"
DRAFT = f"{PATH}draft/"
NB = {"Accept-Language": "nb"}


@pytest.fixture
def rundtur(db: Any) -> Controller:
    return publish_examples("bonus")["rundtur"]


def adviser(controller: Controller, name: str = "Pia Vern") -> Client:
    return at_work(hire(controller, "privacy_adviser", name))


def text_of(file: str) -> str:
    draft = Draft.objects.get(ended_at=None)
    return drafts.texts(draft)[file]


def save(client: Client, file: str, text: str, seen: int | None = None, act: str = "save") -> Any:
    seen = Draft.objects.get(ended_at=None).revision if seen is None else seen
    return client.post(DRAFT, {"act": act, "file": file, "text": text, "seen": seen}, headers=NB)


def test_a2_a_draft_begins_with_the_published_files_and_faults_stand_beside_their_lines(rundtur: Controller) -> None:
    pia = adviser(rundtur)
    assert "Begynn på et utkast" in pia.get(PATH, headers=NB).text
    assert pia.post(PATH)["Location"] == DRAFT
    page = pia.get(DRAFT, headers=NB).text
    assert "Teksten holder" in page
    for name in ("rundtur.yaml", "_base.yaml", "_common.yaml", "_notices.yaml", "_periods.yaml"):
        assert f"?file={name}" in page
    text = text_of("rundtur.yaml")
    wrong = text.replace("\ncontroller:", "\nkontroller:", 1)
    line = next(n for n, one in enumerate(wrong.splitlines(), 1) if one.startswith("kontroller:"))
    checked = save(pia, "rundtur.yaml", wrong, act="check").text
    assert f"rundtur.yaml:{line}: " in checked
    assert re.search(rf"<mark>{line}  kontroller:", checked)
    assert Draft.objects.get().revision == 1, "a check saves nothing"
    assert "draft-" not in checked
    stolen = save(pia, "rundtur.yaml", re.sub(r"key: rundtur\b", "key: nordkai", text, count=1), act="check").text
    assert "declaration of rundtur" in stolen
    save(pia, "rundtur.yaml", wrong)
    assert "kan ikke vises" in pia.get(f"{DRAFT}preview/", headers=NB).text
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 422
    assert DeclarationVersion.objects.filter(controller=rundtur).count() == 1
    clerk = at_work(hire(rundtur, "customer_service", "Kim Kunde"))
    for path in (PATH, DRAFT, f"{DRAFT}preview/", f"{DRAFT}publish/", f"{PATH}history/{Draft.objects.get().pk}/"):
        assert clerk.get(path).status_code == 404


def test_a2_two_who_write_at_once_lose_nothing(rundtur: Controller) -> None:
    pia, per = adviser(rundtur), adviser(rundtur, "Per Vern")
    pia.post(PATH)
    assert per.post(PATH)["Location"] == DRAFT
    assert Draft.objects.count() == 1
    text = text_of("rundtur.yaml")
    save(pia, "rundtur.yaml", f"{text}# fra Pia\n", seen=1)
    other = text_of("_notices.yaml")
    assert save(per, "_notices.yaml", f"{other}# fra Per\n", seen=1).status_code == 302, "another file is no conflict"
    late = save(per, "rundtur.yaml", f"{text}# fra Per\n", seen=1)
    assert late.status_code == 409
    assert "-# fra Pia" in late.text
    assert "# fra Per\n</textarea>" in late.text
    assert text_of("rundtur.yaml").endswith("# fra Pia\n")
    assert save(per, "rundtur.yaml", f"{text}# fra Per\r\n").status_code == 302
    assert text_of("rundtur.yaml").endswith("# fra Per\n")
    assert text_of("_notices.yaml").endswith("# fra Per\n")
    assert [one.number for one in DraftRevision.objects.order_by("number")] == [1, 2, 3, 4]
    history = f"{PATH}history/{Draft.objects.get().pk}/"
    assert "+# fra Pia" in pia.get(f"{history}?revision=2", headers=NB).text
    assert "slik den var publisert" in pia.get(f"{history}?revision=1", headers=NB).text
    pia.post(DRAFT, {"act": "discard", "seen": 4})
    gone = per.get(DRAFT)
    assert gone["Location"] == PATH
    assert "+# fra Pia" in per.get(f"{history}?revision=2", headers=NB).text


def test_a4_a_material_change_is_shown_published_with_its_notice_and_people_are_told(rundtur: Controller) -> None:
    pia = adviser(rundtur)
    pia.post(PATH)
    standing = drafts.latest_declaration(rundtur)
    common = next(name for name in drafts.texts(Draft.objects.get()) if "notice: P" in text_of(name))
    shorter = re.sub(r"notice: P\w+", "notice: P1D", text_of(common), count=1)
    assert shorter != text_of(common)
    save(pia, common, shorter)
    preview = pia.get(f"{DRAFT}preview/?language=en", headers=NB).text
    assert "Én endring er vesentlig" in preview
    assert 'lang="en"' in preview
    assert "Forskjeller fra versjon 1" in preview
    refused = pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB)
    assert refused.status_code == 422
    assert "notice-too-short" in refused.text
    day = clock.today() + timedelta(days=200)
    where = next(name for name in drafts.texts(Draft.objects.get()) if "\neffective:" in f"\n{text_of(name)}")
    save(pia, where, re.sub(r"(?m)^effective: \S+", f"effective: {day}", text_of(where)))
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 422, "the text has moved on"
    assert pia.post(f"{DRAFT}publish/", {"seen": 3}, headers=NB).status_code == 302
    version = rundtur.versions.latest("number")
    assert (version.number, version.material, version.effective) == (2, True, day)
    assert drafts.latest_declaration(rundtur).changes.notice != standing.changes.notice
    assert not tasks.start("changes"), "the job that tells people is on the queue"
    assert "Utkast fra" in pia.get(PATH, headers=NB).text
    pia.post(PATH)
    assert text_of(where) == version.files[where]


def test_a4_where_the_declaration_says_so_nobody_publishes_what_they_wrote_alone(rundtur: Controller) -> None:
    pia, per = adviser(rundtur), adviser(rundtur, "Per Vern")
    pia.post(PATH)
    name = next(name for name in drafts.texts(Draft.objects.get()) if "\nchanges:\n" in text_of(name))
    save(pia, name, text_of(name).replace("\nchanges:\n", "\nchanges:\n  four_eyes: true\n"))
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 302
    pia.post(PATH)
    save(pia, name, text_of(name).replace("  four_eyes: true\n", ""))
    assert "En annen må godkjenne" in pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).text
    assert "Ingen godkjenner det de selv" in pia.post(DRAFT, {"act": "approve", "seen": 2}, headers=NB).text
    assert "Godkjenn teksten" not in pia.get(DRAFT, headers=NB).text
    assert "Godkjenn teksten" in per.get(DRAFT, headers=NB).text
    assert "endret siden" in per.post(DRAFT, {"act": "approve", "seen": 1}, headers=NB).text
    per.post(DRAFT, {"act": "approve", "seen": 2})
    save(pia, name, f"{text_of(name)}# til\n")
    assert "En annen må godkjenne" in pia.post(f"{DRAFT}publish/", {"seen": 3}, headers=NB).text, "a later text"
    per.post(DRAFT, {"act": "approve", "seen": 3})
    page = pia.get(DRAFT, headers=NB).text
    assert "Godkjent av Per Vern" in page
    late = clock.now() + timedelta(minutes=15)
    with clock.travel(late):
        assert "/factor/" in pia.post(f"{DRAFT}publish/", {"seen": 3})["Location"], "a sensitive act asks again"
    role = StaffRole.objects.filter(staff__name="Per Vern")
    role.update(role="reception")
    assert per.get(DRAFT).status_code == 404
    gone = pia.post(f"{DRAFT}publish/", {"seen": 3}, headers=NB)
    assert (gone.status_code, "har ikke rollen lenger" in gone.text) == (422, True)
    role.update(role="privacy_adviser")
    lifted = pia.post(f"{DRAFT}publish/", {"seen": 3}, headers=NB)
    assert (lifted.status_code, "notice-too-short" in lifted.text) == (422, True), "lifting it is material"
    pia.post(DRAFT, {"act": "discard", "seen": 3})
    pia.post(PATH)
    text = text_of(name)
    longer = re.sub(r"notice: P\w+", "notice: P400D", text, count=1)
    assert longer != text
    save(pia, name, longer)
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 422, "also what is not material"
    assert rundtur.versions.latest("number").number == 2
    per.post(DRAFT, {"act": "approve", "seen": 2})
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 302
    version = rundtur.versions.latest("number")
    assert (version.number, version.material) == (3, False)
    assert _approved() == ("kept", ())
    mine = DraftRevision.objects.filter(draft__published=version).latest("number").staff_id
    Draft.objects.filter(published=version).update(approved_by=mine)
    alone = "version 3 was published and nobody but who wrote it has approved it"
    assert _approved() == ("broken", (alone,))


def _approved() -> tuple[str, tuple[str, ...]]:
    """What `tillit prove` finds of the promise that somebody else approves."""
    found = prove(controllers=["rundtur"], kinds=["domains"])
    (one,) = [proof.finding for proof in found if proof.promise.path == "changes.four_eyes"]
    return one.status, one.faults


def test_a4_nobody_steps_around_the_approval_with_the_command(rundtur: Controller, tmp_path: Path) -> None:
    pia = adviser(rundtur)
    pia.post(PATH)
    name = next(name for name in drafts.texts(Draft.objects.get()) if "\nchanges:\n" in text_of(name))
    save(pia, name, text_of(name).replace("\nchanges:\n", "\nchanges:\n  four_eyes: true\n"))
    assert pia.post(f"{DRAFT}publish/", {"seen": 2}, headers=NB).status_code == 302
    for file, text in rundtur.versions.latest("number").files.items():
        (tmp_path / file).write_text(text, "utf-8")
    path, beside = tmp_path / "rundtur.yaml", drafts._beside(rundtur)
    assert publish_checked(path=path, beside=beside, at=clock.now()).number == 2, "the same text again"
    text = (tmp_path / name).read_text("utf-8")
    (tmp_path / name).write_text(re.sub(r"notice: P\w+", "notice: P400D", text, count=1), "utf-8")
    with pytest.raises(DeclarationRefusedError) as refused:
        publish_checked(path=path, beside=beside, at=clock.now())
    assert [problem.code for problem in refused.value.problems] == ["draft-alone"]


def test_a2_a_draft_is_approved_and_discarded_with_a_factor_shown_lately_and_never_past_a_colleague(
    rundtur: Controller,
) -> None:
    pia, per = adviser(rundtur), adviser(rundtur, "Per Vern")
    pia.post(PATH)
    save(per, "rundtur.yaml", text_of("rundtur.yaml") + "# fra Per\n", seen=1)
    late = pia.post(DRAFT, {"act": "discard", "seen": 1}, headers=NB)
    assert (late.status_code, "endret siden" in late.text) == (422, True)
    assert Draft.objects.get().ended_at is None
    with clock.travel(clock.now() + timedelta(minutes=16)):
        for act in ("approve", "discard"):
            assert "/factor/" in pia.post(DRAFT, {"act": act, "seen": 2})["Location"]
    draft = Draft.objects.get()
    assert (draft.ended_at, draft.approved_revision) == (None, None)
    assert pia.post(DRAFT, {"act": "discard", "seen": 2})["Location"] == PATH
    assert Draft.objects.get().ended_at is not None
