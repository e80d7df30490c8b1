"""A seminar from the desk to the certificate, through pages only; the buttons to share it (F10, G5)."""

import re
from datetime import timedelta
from io import BytesIO

from django.core import mail
from django.test import Client
from icalendar import Calendar
from pypdf import PdfReader

from tests.faces.test_staff import at_work, hire
from tests.outreach.conftest import Furnished
from tillit.kernel import clock
from tillit.messages import mail as unstored
from tillit.messages import outbox
from tillit.outreach.seminars.models import Seminar

_DESK = "/staff/solvik/seminars/"


def test_f10_a_seminar_is_published_filled_held_and_certified_through_pages(forms: Furnished) -> None:
    desk = at_work(hire(forms.controllers["solvik"], "administrator"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "There is no seminar yet" in desk.get(_DESK).text
    begins = clock.now() + timedelta(days=5)
    form = {
        "title_nb": "Mva i praksis", "about_nb": "Nye regler.", "title_en": "VAT", "about_en": "New rules.",
        "starts_at": f"{begins:%Y-%m-%dT10:00}", "ends_at": f"{begins:%Y-%m-%dT12:00}",
        "signup_until": f"{begins:%Y-%m-%dT09:00}", "place": "Storgata 1", "link": "https://mote.example/x",
        "material": "https://fil.example/x", "capacity": "1",
    }  # fmt: skip
    for wrong in ({"link": "javascript:alert(1)"}, {"starts_at": "x"}, {"capacity": "-2"}, {"title_en": ""}):
        assert desk.post(f"{_DESK}new/", form | wrong).status_code == 422
    here = desk.post(f"{_DESK}new/", form)["Location"]
    number = here.rstrip("/").rsplit("/", 1)[1]
    public, page = Client(headers={"accept-language": "en"}), f"/solvik/seminars/{number}/"
    assert public.get(page).status_code == 404, "a draft is nobody's"
    desk.post(here, {"act": "publish"})
    assert "VAT" in public.get("/solvik/seminars/").text
    shown = public.get(page).text
    assert "mote.example" not in shown
    assert "erased one year after" in shown, "the declared words stand at the form"
    assert public.post(page, {"name": "", "email": "x"}).status_code == 422
    for name in ("Kari", "Ola"):
        answer = public.post(page, {"name": f"{name} Lunde", "email": f"{name.lower()}@post.example"}, follow=True)
        assert "Look in your mail" in answer.text
        unstored.wait()
        assert "Whoever signs up now waits" not in public.get(page).text, "an unconfirmed address holds no place"
    found = [re.search(r"/solvik/seminars/confirm/[^/\s]+/", str(one.body)) for one in mail.outbox]
    confirms = [one for one in found if one]
    assert len(confirms) == 2
    for confirm in confirms:
        assert "press the button" in public.get(confirm[0]).text
        assert "/seminars/mine/" in public.post(confirm[0])["Location"]
    assert public.get("/solvik/seminars/confirm/xx/").status_code == 404
    mail.outbox.clear()
    assert "Whoever signs up now waits" in public.get(page).text
    outbox.deliver()
    links = {one.to[0]: re.search(r"/solvik/seminars/mine/[^/\s]+/", str(one.body)) for one in mail.outbox}
    kari, ola = (links[f"{name}@post.example"] for name in ("kari", "ola"))
    assert kari is not None
    assert ola is not None
    assert "mote.example" in public.get(kari[0]).text
    assert "mote.example" not in public.get(ola[0]).text, "told to who has a place"
    file = public.get(f"{kari[0]}calendar.ics")
    assert Calendar.from_ical(file.content).walk("VEVENT")[0]["location"] == "Storgata 1"
    assert b"mote.example" in file.content
    assert b"mote.example" not in public.get(f"{page}calendar.ics").content
    assert public.get(f"{kari[0]}certificate.pdf").status_code == 404
    public.post(kari[0])
    assert "has a place" in public.get(ola[0]).text, "moved up by itself"
    assert public.get(f"/solvik/seminars/mine/{kari[0].split('/')[4][:-2]}xx/").status_code == 404
    seminar = Seminar.objects.get(pk=number)
    clock.travel(seminar.starts_at + timedelta(hours=1))
    desk = at_work(hire(forms.controllers["solvik"], "administrator", "Nora Vakt"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    people = desk.get(here).text
    assert "Ola Lunde" in people
    assert "Kari Lunde" not in people
    ids = re.findall(r'name="shown" value="(\d+)"', people)
    desk.post(here, {"act": "tick", "shown": ids, "there": ids})
    assert "Ola Lunde,ola@post.example,,place,no,yes" in desk.get(f"{here}list.csv").text
    made = public.get(f"{ola[0]}certificate.pdf")
    assert "Ola Lunde" in PdfReader(BytesIO(made.content)).pages[0].extract_text()
    assert public.get("/fjordlys/seminars/").status_code == 404, "where none are declared there are none"


def test_g5_buttons_are_plain_links_that_say_they_lead_away_and_carry_nothing_of_the_reader(forms: Furnished) -> None:
    begins = clock.now() + timedelta(days=5)
    seminar = Seminar.objects.create(
        controller=forms.controllers["solvik"], place="Gata 1", texts={"en": {"title": "VAT & you", "about": "New"}},
        starts_at=begins, ends_at=begins + timedelta(hours=1), signup_until=begins, stage="open",
    )  # fmt: skip
    answer = Client(headers={"accept-language": "en"}).get(f"/solvik/seminars/{seminar.pk}/?utm=reader")
    page = answer.text[answer.text.index('id="share"') :]
    outside = re.findall(r'href="(https://[^"]+)" rel="([^"]+)"', page)
    assert len(outside) == 4
    assert {rel for _, rel in outside} == {"external noopener noreferrer"}
    assert all(f"%2Fsolvik%2Fseminars%2F{seminar.pk}%2F" in link and "reader" not in link for link, _ in outside)
    assert "lead to other sites" in page
    assert "VAT%20%26%20you" in page
    fetched = re.findall(r'<(?:script|img|iframe|link)[^>]+(?:src|href)="([^"]+)"', answer.text)
    assert fetched
    assert all(one.startswith("/") for one in fetched), "nothing is fetched from elsewhere"
    assert "script-src 'self'" in answer["Content-Security-Policy"]
