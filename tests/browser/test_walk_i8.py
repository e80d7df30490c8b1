import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.browser.conftest import DESKTOP, PHONE
from tests.faces.conftest import Person, make_person
from tests.support import databases
from tests.support import power as sp
from tillit.declaration.models import Controller
from tillit.journeys import energy_app
from tillit.journeys.bench import homes
from tillit.journeys.demo import power as demo
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.platform import database
from tillit.power import slots
from tillit.power.insight import alerts, comparison, derived
from tillit.power.models import GridCompany

pytestmark = pytest.mark.browser
OUT = Path("/tmp/dev/i8-shots2")
OUT.mkdir(exist_ok=True)


def build(folder):
    c = Controller.objects.get(key="fjordlys")
    first = clock.today() - timedelta(days=demo.DAYS)
    made = [homes.home(seed, days=demo.DAYS, area=demo.AREA, first_day=first.timetuple().tm_yday) for seed in range(1, 53)]
    demo._reference(folder, first, made[0])
    t = time.time()
    numbers = [demo._customer(c, n, one, first) for n, one in enumerate(made)]
    t2 = time.time()
    demo._readings(c, numbers, made, first)
    t3 = time.time()
    derived.derive(controller_id=c.pk); t4=time.time()
    comparison.release(controller_id=c.pk); t5=time.time()
    alerts.use_alerts(); alerts.price_alerts()
    print("customers", t2-t, "readings", t3-t2, "derive", t4-t3, "release", t5-t4)
    act = system("test", {c.pk})
    grid = GridCompany.objects.get(key=demo.GRID)
    today = clock.today()
    def one(given, family, phone, serial, **facts):
        p = make_person(c, given, family, phone, kind="customer")
        if serial:
            point = sp.point_of(c, p.subject_id, serial, grid_company=grid, **facts)
            energy_app.start(controller=c, subject_id=p.subject_id, actor=act, at=clock.now())
            return p, point
        return p, None
    demo_one = Person(0, c, demo.customer_address(), "")
    empty, _ = one("Nina", "Ny", "+4740000201", 801, starts=today - timedelta(days=10), street="Nyveien 1", place="Oslo")
    none, _ = one("Paul", "Uten", "+4740000202", 0)
    start = today - timedelta(days=24)
    gap, point = one("Gry", "Gap", "+4740000203", 803, starts=start, kind="state", resolution=15, street="Hullveien 2", place="Oslo")
    day = start
    while day < today - timedelta(days=1):
        if (day - start).days not in (5, 6):
            n = slots.length(day, 15)
            use = (400 + 300*np.sin(np.arange(n)/8)**2).astype(int).tolist()
            if (day-start).days == 9: use = use[:60]
            sp.fill(c, point, day, use, minutes=15)
        day += timedelta(days=1)
    second = sp.point_of(c, gap.subject_id, 804, grid_company=None, kind="variable", use="holiday", municipality="", starts=start)
    sp.fill(c, second, start, [200]*24*10)
    return dict(full=demo_one, empty=empty, none=none, gap=gap)


def test_walk(window, site, django_db_blocker, tmp_path):
    before = databases.repoint(site.database)
    with django_db_blocker.unblock():
        with database.connect("owner", name=site.database, autocommit=True) as owner:
            owner.execute("DELETE FROM power_temperature"); owner.execute("DELETE FROM power_weather_place")
            owner.execute("DELETE FROM power_spot_day")
        people = build(tmp_path)
    databases.repoint(before)
    today = date.today()
    year, month = today.year, f"{today:%Y-%m}"
    last = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    base = "/fjordlys/min-side/"
    for name, person in people.items():
        if name == "none": continue
        for locale in ("en-GB",) if name != "full" else ("nb-NO",):
            w = window(PHONE, locale)
            w.sign_in(person)
            paths = {"use": "consumption/", "home": "home-energy/", "alerts": "alerts/", "power": "power/", "min": ""}
            if name == "full":
                paths |= {"year": f"consumption/1/{year}/", "month": f"consumption/1/{last}/", "day": f"consumption/1/{last}-15/",
                          "hour": f"consumption/1/{last}-15.8/", "autumn": "consumption/1/2026-10-25/", "spring": "consumption/1/2026-03-29/", "old": "consumption/1/2024-01/"}
            if name == "gap":
                d = today - timedelta(days=15)
                paths |= {"gapday": f"consumption/1/{d.isoformat()}/", "year": f"consumption/1/{year}/", "second": f"consumption/2/{month}/"}
            for size in (PHONE, DESKTOP):
                w.page.set_viewport_size({"width": size[0], "height": size[1]})
                for key, path in paths.items():
                    if name == "full" and key not in {"use","year","home","autumn","day"}: continue
                    w.go(base + path)
                    width = w.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                    if width[0] > width[1]: print("WIDE", name, key, size, width)
                    if w.trouble: print("TROUBLE", name, key, w.trouble); w.trouble.clear()
                    w.page.screenshot(path=OUT / f"{name}-{key}-{locale[:2]}-{size[0]}.png", full_page=True)
            w.context.close()
