"""A survey from the desk to the last figure, through pages only (F7)."""

import re
from datetime import timedelta

import structlog
from django.core import mail
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.outreach.conftest import PEOPLE, Furnished
from tests.outreach.test_surveys import PHRASE
from tillit.kernel import clock
from tillit.messages import outbox
from tillit.outreach.surveys import sending
from tillit.outreach.surveys.models import Survey

_DESK = "/staff/fjordlys/surveys/"


def test_f7_a_survey_is_written_previewed_opened_answered_and_read_through_pages(forms: Furnished) -> None:
    desk = at_work(hire(forms.controllers["fjordlys"], "marketing"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert "Det finnes ingen" in desk.get(_DESK, headers={"accept-language": "nb"}).text
    frame = {
        "act": "frame", "title_nb": "Hva synes du?", "purpose_nb": "Bli bedre.", "title_en": "Your view?",
        "purpose_en": "Improve.", "anonymous": "1", "sample": "",
        "closes_on": (clock.today() + timedelta(days=7)).isoformat(), "prize": "",
    }  # fmt: skip
    wrong = desk.post(f"{_DESK}new/", frame | {"title_en": ""})
    assert (wrong.status_code, "half done" in wrong.text, "Bli bedre." in wrong.text) == (422, True, True)
    here = desk.post(f"{_DESK}new/", frame)["Location"]
    choice = {"act": "question", "kind": "single", "text_nb": "Fornøyd?", "text_en": "Content?", "required": "1",
              "options_nb": "Ja\nNei", "options_en": "Yes\nNo"}  # fmt: skip
    assert desk.post(here, choice | {"options_en": "Yes"}).status_code == 422
    assert desk.post(here, choice).status_code == 302
    assert (
        desk.post(here, {"act": "question", "kind": "text", "text_nb": "Mer?", "text_en": "More?"}).status_code == 302
    )
    page = desk.get(here, headers={"accept-language": "en"}).text
    assert "This survey is anonymous" in page
    assert "Do not write who you are" in page
    second = re.findall(r'name="question" value="(\d+)"', page)[1]
    desk.post(here, {"act": "up", "question": second})
    assert desk.get(here).text.index("More?") < desk.get(here).text.index("Content?")
    assert desk.post(here, {"act": "open"}).status_code == 422, "the draw is committed to first"
    typed_in = desk.get(here).text.partition('id="state"')[2]
    for words in ("", "for kort"):
        assert desk.post(here, {"act": "commit", "words": words}).status_code == 422
    assert desk.post(here, {"act": "commit", "words": f"{PHRASE} og en til"}).status_code == 302
    assert "Choose other words" in desk.get(here).text, "who forgot them, or wrote them wrongly, while it is a draft"
    assert desk.post(here, {"act": "commit", "words": PHRASE}).status_code == 302
    assert PHRASE not in desk.get(here).text
    assert 'name="words"' in typed_in.split("</section>", 1)[1], "not in what is fetched again while one is typing"
    assert 'name="words"' not in typed_in.split("</section>", 1)[0]
    public = Client(headers={"accept-language": "en"})
    before = public.get("/fjordlys/draws/").text
    assert "Not told before the draw" in before
    assert "Counting who may be asked" in desk.get(here).text
    assert "Being drawn" not in desk.get(here).text
    desk.post(here, {"act": "open"})
    assert "Drawing whom to ask" in desk.get(here).text
    sending.draw(Survey.objects.get(stage="drawing"))
    assert f"0 of {PEOPLE}" in desk.get(here).text, "progress"
    sending.run_everywhere()
    assert "hx-trigger" not in desk.get(here).text, "nobody waits"
    after = public.get("/fjordlys/draws/").text
    assert "gave the same" in after
    assert re.findall(r"<code[^>]*>([0-9a-f]{64})", before)[0] in after
    number = re.search(r"/draws/(\d+)/tickets.txt", after)
    assert number is not None
    assert len(public.get(f"/fjordlys/draws/{number[1]}/tickets.txt").getvalue().split()) == PEOPLE
    outbox.deliver()
    links = [re.search(r"http[^\s]+(/fjordlys/surveys/[^\s]+)", str(one.body)) for one in mail.outbox[-PEOPLE:]]
    with structlog.testing.capture_logs() as logged:
        for place, link in enumerate(links):
            assert link is not None
            reader = Client(headers={"accept-language": "en"})
            asked = reader.get(link[1])
            assert "This survey is anonymous" in asked.text
            assert not any(word in asked.text for word in ("<script", "visit.js", "pixel.gif", "csrfmiddleware"))
            questions = re.findall(r'name="(q\d+)"', asked.text)
            sent = {questions[0]: f"Tanke {place:02d}", questions[-1]: str(place % 2)}
            assert reader.post(link[1], {questions[0]: "x"}).status_code == 422
            thanks = reader.post(link[1], sent)
            assert (thanks.status_code, "cannot be shown to you or taken back" in thanks.text) == (200, True)
            assert not reader.cookies, "nothing is stored in the browser"
            assert reader.post(link[1], sent).status_code == 410
    assert {frozenset(one) for one in logged} <= {
        frozenset({"method", "route", "status", "ms", "event", "log_level"})
    }, "the log names the route, not the link"
    assert not any(link and link[1].split("/")[4] in str(logged) for link in links)
    assert public.get("/fjordlys/surveys/999999/abc/").status_code == 404
    desk.post(here, {"act": "remind"})
    assert "Reminding who was drawn" in desk.get(here).text
    wrong = desk.post(here, {"act": "close", "words": PHRASE[1:]}, headers={"accept-language": "en"})
    assert (wrong.status_code, "not the words" in wrong.text) == (422, True)
    assert desk.post(here, {"act": "close", "words": PHRASE}).status_code == 302
    done = desk.get(here, headers={"accept-language": "en"}).text
    assert "24 answered this question" in done
    assert "Tanke 07" in done
    chart = re.search(r'src="([^"]+\.svg)"', done)
    assert chart is not None
    assert b"<svg" in desk.get(chart[1]).content
    told = desk.get(f"{here}results.csv").text
    assert "Content?,Yes,12,24" in told.replace("\r", "")
    other = at_work(hire(forms.controllers["fjordlys"], "customer_service", "Ola Skranke"))
    assert other.get(_DESK).status_code == other.get(f"{here}results.csv").status_code == 404
