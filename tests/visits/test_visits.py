"""Visits counted without cookies or persons: what is stored, what is not, and the figures (G3)."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.faces.beacon import OPT_OUT, Counting
from tillit.kernel import clock
from tillit.platform import paths
from tillit.visits import counting, countries, queries, reading
from tillit.visits.counting import Counter, Seen
from tillit.visits.models import DayFigure, DayLabel, Hit, HourFigure, Salt
from tillit.visits.operations import add_up, add_up_everywhere

pytestmark = pytest.mark.django_db
CHROME = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Mobile Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)


@pytest.fixture
def union() -> Iterator[Controller]:
    controllers = publish_examples("union_benefits", "power")
    with clock.travel(NOON + timedelta(hours=6)):
        yield controllers["lyngheim"]


def view(counter: Counter, at: datetime, path: str = "/lyngheim/", **more: Any) -> bool:
    seen = {"path": path, "agent": CHROME, "address": "198.51.100.7", "host": "lyngheim.example", **more}
    return counter.take("lyngheim", Seen(**seen), at)


def test_g3_what_is_stored_names_nobody_and_yesterday_s_salt_is_destroyed(union: Controller) -> None:
    counter = Counter()
    assert view(
        counter, NOON, "/lyngheim/u/5f1dd3a2b4c6d7e8f9a0b1c2/", referrer="https://www.google.com/search?q=Hytte"
    )
    assert view(counter, NOON, address="198.51.100.99"), "another address of the same network"
    assert view(counter, NOON, address="203.0.113.9")
    assert view(counter, NOON + timedelta(days=1))
    assert counter.store() == 4
    one, two, other, tomorrow = Hit.objects.order_by("pk")
    assert one.visitor == two.visitor, "the address is truncated before it is hashed"
    assert len({one.visitor, other.visitor, tomorrow.visitor}) == 3
    assert (one.page, one.source, one.keyword) == ("/lyngheim/u/*/", "search: google.com", "hytte")
    assert (one.device, one.browser, one.country) == ("phone", "Chrome 139", "")
    assert list(Salt.objects.values_list("day", flat=True)) == [(NOON + timedelta(days=1)).date()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(h::text, ' ') FROM visits_hit h")
        (everything,) = cursor.fetchone()
    assert not any(text in everything for text in ("198.51", "203.0", "Mozilla", "5f1dd3a2"))


def test_g3_what_a_browser_says_of_the_page_holds_nobody_s_address_or_number(union: Controller) -> None:
    counter = Counter()
    for path in ("/lyngheim/kari@post.example/", "/lyngheim/kari%40post.example/", "/lyngheim/kari%2540post.example/",
                 "/lyngheim/+4740000123/", "/lyngheim/tel-40000123/", "/lyngheim/400 00 123/", "/lyngheim/Kari N/",
                 "/lyngheim/192.0.2.77/"):  # fmt: skip
        assert view(counter, NOON, path, referrer="http://198.51.100.23/kari")
    view(counter, NOON, "/lyngheim/benefits/rom-i-fjellet/", referrer="http://[2001:db8::1]/")
    counter.store()
    assert set(Hit.objects.values_list("page", "source")) == {
        ("/lyngheim/*/", "direct"), ("/lyngheim/benefits/rom-i-fjellet/", "direct"),
    }  # fmt: skip


def test_g3_programs_and_those_who_do_not_want_it_are_not_counted(union: Controller) -> None:
    counter, answers = Counter(), []
    counter._stop.set()
    counting_site = Counting(lambda _, start: start("200 OK", [("Content-Type", "text/html")]) or [b"page"], counter)

    def ask(body: str = "p=%2Flyngheim%2F", path: str = "/lyngheim/v/", **heads: str) -> Any:
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)), "HTTP_USER_AGENT": CHROME,
            "wsgi.input": io.BytesIO(body.encode()), "REMOTE_ADDR": "198.51.100.7", "HTTP_HOST": "x.example", **heads,
        }  # fmt: skip
        return b"".join(counting_site(environ, lambda status, *_: answers.append(status)))

    for heads in ({"HTTP_SEC_GPC": "1"}, {"HTTP_DNT": "1"}, {"HTTP_COOKIE": f"a=b; {OPT_OUT}=1"},
                  {"HTTP_USER_AGENT": "Mozilla/5.0 (compatible; Examplebot/2.1)"}, {"HTTP_USER_AGENT": "curl/8"},
                  {"path": "/nobody/v/"}):  # fmt: skip
        ask(**heads)
        assert counter.store() == 0, heads
    ask()
    ask("p=%2Flyngheim%2F&t=17")
    pixel = ask("", "/lyngheim/v/pixel.gif", REQUEST_METHOD="GET", QUERY_STRING="p=/lyngheim/cookies/")
    assert pixel.startswith(b"GIF89a")
    assert counter.store() == 3
    assert sorted(Hit.objects.values_list("page", "left", "seconds")) == [
        ("/lyngheim/", False, 0), ("/lyngheim/", True, 17), ("/lyngheim/cookies/", False, 0),
    ]  # fmt: skip
    for path, page in (
        ("/lyngheim/kari-nordseth/", "/lyngheim/*"),
        ("/lyngheim/min-side/benefits/kari/", "/lyngheim/min-side/benefits/*/"),
    ):
        ask(f"p={path}")
        assert counter.store() == 1
        assert Hit.objects.latest("pk").page == page, "a page of the site, or none"
    assert ask("", "/lyngheim/cookies/", REQUEST_METHOD="GET") == b"page", "the rest is the site's"
    assert counter.store() == 0
    settings.VISITS, before = "server", settings.VISITS
    try:
        ask("", "/lyngheim/cookies/", REQUEST_METHOD="GET", QUERY_STRING="utm_campaign=Sommer")
    finally:
        settings.VISITS = before
    assert counter.store() == 1, "without a script"
    assert Hit.objects.latest("pk").campaign == "sommer"
    assert set(answers) == {"204 No Content", "200 OK"}


def test_g3_hours_days_sources_peaks_and_funnels_add_up(union: Controller) -> None:
    counter = Counter()
    view(counter, NOON, "/lyngheim/", referrer="https://www.facebook.com/")
    view(counter, NOON + timedelta(minutes=5), "/lyngheim/join/", referrer="https://lyngheim.example/lyngheim/")
    view(counter, NOON + timedelta(minutes=6), "/lyngheim/join/", seconds=60)
    view(counter, NOON + timedelta(minutes=50), "/lyngheim/", query="utm_source=brev&utm_medium=epost")
    view(counter, NOON + timedelta(minutes=70), "/lyngheim/", agent=FIREFOX, address="203.0.113.9")
    counter.store()
    add_up(controller=union)
    for _ in range(2):
        add_up_everywhere()
    day = NOON.date()
    found = queries.dashboard(controller=union, start=day, end=day + timedelta(days=1), unit="day")
    assert (found.views, found.visits, found.visitors, found.single) == (4, 3, 2, 2)
    assert found.seconds == 20, "sixty seconds over three visits"
    assert found.series == [(day, 4, 3)]
    assert found.heat == {(3, 12): 3, (3, 13): 1}, "Wednesday, local time"
    lines = {m: {one.label: (one.views, one.visits) for one in found.tops[m]} for m in found.tops}
    assert lines["page"] == {"/lyngheim/": (3, 3), "/lyngheim/join/": (1, 0)}
    assert lines["source"] == {"social: facebook.com": (1, 1), "direct": (2, 2)}
    assert lines["campaign"] == {"brev/epost": (1, 1)}
    assert lines["device"] == {"phone": (3, 2), "computer": (1, 1)}
    steps = ["/lyngheim/", "/lyngheim/join"]
    assert queries.funnel(controller=union, steps=steps, start=NOON, end=NOON + timedelta(days=1)) == [0, 0], "too few"
    with clock.travel(NOON + timedelta(minutes=72)):
        assert queries.live(controller=union) == (0, []), "too few"
    view(counter, NOON + timedelta(minutes=80), "/lyngheim/", agent=FIREFOX, address="203.0.113.9")
    counter.store()
    add_up(controller=union)
    assert DayFigure.objects.get().visits == 3, "made anew, not added twice"
    assert HourFigure.objects.filter(measure="all").count() == 2
    assert list(DayLabel.objects.filter(measure="all").values_list("views", "visits", "seconds")) == [(5, 3, 60)]
    with clock.travel(NOON + timedelta(days=1)):
        many = clock.now()
        for n in range(12):
            view(counter, many, "/lyngheim/", address=f"203.0.{n}.9")
            if n:
                view(counter, many + timedelta(minutes=1), "/lyngheim/join/", address=f"203.0.{n}.9")
        counter.store()
        assert queries.funnel(controller=union, steps=steps, start=many, end=many + timedelta(hours=1)) == [12, 11]
        assert queries.live(controller=union) == (12, [("/lyngheim/", 12), ("/lyngheim/join/", 11)])


def test_g3_single_views_and_figures_go_when_declared(union: Controller) -> None:
    from tillit.privacy.sweep import lapsed_elsewhere

    power = Controller.objects.get(key="fjordlys")
    counter = Counter()
    view(counter, NOON)
    counter.take("fjordlys", Seen("/fjordlys/", CHROME, "198.51.100.7"), NOON)
    counter.store()
    add_up_everywhere()
    lapsed_elsewhere(on=(NOON + timedelta(days=364)).date())
    assert Hit.objects.count() == 2
    lapsed_elsewhere(on=(NOON + timedelta(days=367)).date())
    assert Hit.objects.get().controller_id == power.pk, "one year there, thirty-eight months here"
    assert HourFigure.objects.filter(controller=power).exists()
    assert DayLabel.objects.filter(controller=power).exists()
    lapsed_elsewhere(on=(NOON + timedelta(days=1200)).date())
    for made in (HourFigure, DayLabel):
        assert made.objects.filter(controller=union).exists()
    assert not DayLabel.objects.filter(controller=power).exists()
    assert not HourFigure.objects.filter(controller=power).exists(), "everything goes after thirty-eight months"
    assert HourFigure.objects.filter(controller=union).exists(), "figures without limit"


def test_g3_pages_carry_the_beacon_unless_not_wanted_and_one_press_opts_out(client: Client, union: Controller) -> None:
    path = "/lyngheim/cookies/"
    assert "visit.js" in client.get(path).text
    assert "pixel.gif" in client.get(path).text
    assert "visit.js" not in client.get(path, headers={"Sec-GPC": "1"}).text
    answer = client.post("/lyngheim/visits/", {"count": "no"})
    assert answer.cookies[OPT_OUT]["path"] == "/lyngheim/"
    assert "visit.js" not in client.get(path).text
    client.post("/lyngheim/visits/", {"count": "yes"})
    assert "visit.js" in client.get(path).text
    script = paths.root() / "tillit" / "faces" / "static" / "tillit" / "visit.js"
    assert script.stat().st_size <= 1024


def test_g3_the_dashboard_shows_figures_charts_and_a_file_to_those_who_may(union: Controller) -> None:
    counter = Counter()
    view(counter, clock.now() - timedelta(hours=3), "/lyngheim/", referrer="https://ekstern.example/=1+1")
    counter.store()
    add_up(controller=union)
    desk = at_work(hire(union, role="marketing"))
    page = desk.get("/staff/lyngheim/visits/?step=/lyngheim/", headers={"Accept-Language": "en"}).text
    assert "link: ekstern.example" in page
    assert "Step 1: 0" in page, "too few to tell"
    for which in ("course", "peaks"):
        assert b"<svg" in desk.get(f"/staff/lyngheim/visits/{which}.svg").content
    assert "all,,1,1," in desk.get("/staff/lyngheim/visits/figures.csv").text
    assert desk.get("/staff/lyngheim/visits/no.svg").status_code == 404
    other = at_work(hire(union, role="auditor", name="Aud Vakt"))
    assert other.get("/staff/lyngheim/visits/").status_code == 404


def test_g3_geography_is_of_the_truncated_address_only(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "networks.csv"
    file.write_text("network,country\n198.51.100.0/22,NO\n2001:db8::/32,se\n", encoding="utf-8")
    monkeypatch.setattr(settings, "GEOGRAPHY", str(file))
    assert [countries.country(one) for one in ("198.51.100.0/24", "2001:db8:1::/48", "203.0.113.0/24", "")] == [
        "NO", "SE", "", "",
    ]  # fmt: skip
    assert reading.source("https://x.example/@kari", "y.example") == ("link: x.example", "")
    assert reading.word("ring 40000123 nå") == reading.word("kari@post.example") == ""
    assert counting.EVERY <= 1, "what a killed process loses"
