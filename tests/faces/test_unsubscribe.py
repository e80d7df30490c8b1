"""The way out of marketing: a GET shows a page and changes nothing, a POST without cookies says no (F2, RFC 8058)."""

from urllib.parse import urlsplit

from django.test import Client

from tests.messages.test_outbox import _say
from tests.support.world import person
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.journeys.leave_messages import receives
from tillit.kernel import clock
from tillit.messages.leaving import Leaving, address


def test_f2_a_get_shows_the_page_and_one_click_says_no(controllers: dict[str, Controller]) -> None:
    club = controllers["rundtur"]
    kari = person(club, given="Kari", email="kari@eksempel.example")
    link = Leaving(kari, club.pk, "marketing", "email")
    path = urlsplit(address(link.subject_id, link.controller_id, link.activity, link.channel)).path
    _say(club, kari, EventKind.GIVEN)
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        page = client.get(path)
        assert page.status_code == 200
        assert "Meld meg av" in page.text
        assert not page.cookies
        assert client.head(path).status_code == 200
    assert receives(link), "looking changes nothing"
    body = b"List-Unsubscribe=One-Click"
    with clock.travel(clock.now().replace(year=clock.now().year + 7)):
        done = client.post(path, body, content_type="application/x-www-form-urlencoded")
        assert (done.status_code, "Du er meldt av" in done.text) == (200, True)
        assert not receives(link)
        assert client.post(path).status_code == 200, "again, from the page"
        assert "Meld meg av" not in client.get(path).text
    assert client.get("/u/AQ/").status_code == 404
    assert client.post(path[:-5] + "AAAA/").status_code == 404
