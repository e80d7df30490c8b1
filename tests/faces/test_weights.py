"""No kind of page transfers more than 100 kB on a first visit, pictures apart; what is named can be fetched."""

import gzip
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from tests.bonus.conftest import build
from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_min_side import buy
from tests.faces.test_staff import at_work, find, hire, link
from tests.support import served
from tillit.faces.bench.pages import CONSOLE, OWN, PUBLIC
from tillit.faces.bench.weights import HEAVIEST, Fetched, parts, weight
from tillit.kernel import clock

pytestmark = pytest.mark.django_db


def _fetch(client: Client, path: str) -> Fetched:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    body = served.body(answer)
    packed = answer.headers.get("Content-Encoding") == "gzip"
    if packed:
        return Fetched(answer.status_code, len(body), gzip.decompress(body).decode())
    assert len(body) < 1000 or not path.startswith("/static/"), f"{path} is not compressed"
    return Fetched(answer.status_code, len(body), body.decode())


@pytest.fixture
def kari() -> Person:
    """A member with many receipts and bonus."""
    world = build()
    someone = make_person(world.controllers["rundtur"], "Kari", "Nordseth", "+47 400 00 111")
    world.earn(someone.subject_id, 777_33, club="rundtur", expires=date(2099, 1, 1))
    for number in range(60):
        buy(world, someone.subject_id, 1000 + number, at=clock.now(), product=f"Vare {number}")
    return someone


def test_no_kind_of_page_is_above_100_kb_on_a_first_visit(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    worker = at_work(hire(kari.controller))
    person_page = link(find(worker, "Kari"))
    weights = {}
    for browser, names in ((Client(), PUBLIC), (client, OWN), (worker, CONSOLE)):
        for name in names:
            path = person_page if name == "staff_person" else reverse(name, args=[] if name == "front" else ["rundtur"])
            if browser.get(path).status_code == 200:  # what another role opens, or nobody is offered here, is not there
                weights[name] = weight(path, lambda one, browser=browser: _fetch(browser, one))
    assert len(weights) > 25
    assert {"home", "min_side", "receipts", "staff_desk", "staff_person"} <= weights.keys()
    assert len(parts(_fetch(client, "/rundtur/").text)) > 2, "style sheets are counted"
    assert {name: size for name, size in weights.items() if size > HEAVIEST} == {}
