"""Every case of a queue is within reach, a page at a time, and the desk counts all that wait (C12)."""

import re
from datetime import timedelta

import pytest

from tests.faces.conftest import Person
from tests.faces.test_staff import at_work, hire
from tillit.bonus.complaints import COMPLAINT
from tillit.cases.models import Case
from tillit.declaration.vocabulary import category_id
from tillit.faces.staff_web.case_frame import SIZE
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

pytestmark = pytest.mark.django_db


def test_c12_what_comes_after_a_page_of_the_queue_is_on_the_next(kari: Person) -> None:
    at = clock.now() - timedelta(days=2)
    with Scope(system("test", {kari.controller.pk}), "bonus_correction", frozenset({kari.subject_id})):
        Case.objects.bulk_create(
            Case(
                subject_id=kari.subject_id,
                controller_id=kari.controller.pk,
                state=0,
                category=category_id("complaint"),
                kind=COMPLAINT,
                channel="min_side",
                received_at=at + timedelta(minutes=number),
                stage="received",
                fields={"about": "missing", "chain": "rundtur"},
            )
            for number in range(SIZE + 2)
        )
    desk = at_work(hire(kari.controller))

    def shown(address: str) -> list[str]:
        return re.findall(r'href="/staff/rundtur/complaints/(\d+)/"', desk.get(address).text)

    first = desk.get("/staff/rundtur/complaints/?show=open").text
    (following,) = re.findall(r'href="(\?[^"]*page=2[^"]*)"', first)
    assert "show=open" in following
    pages = [shown(f"/staff/rundtur/complaints/{where}") for where in ("?show=open", following.replace("&amp;", "&"))]
    assert [len(page) for page in pages] == [SIZE, 2]
    assert len({*pages[0], *pages[1]}) == SIZE + 2
    assert shown("/staff/rundtur/complaints/?show=closed") == []
    assert f"{SIZE + 2} " in desk.get("/staff/rundtur/desk/").text
