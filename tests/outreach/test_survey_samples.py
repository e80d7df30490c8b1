"""Samples of surveys drawn among power customers by what the declaration lets surveys be drawn by (E8, F7)."""

from datetime import timedelta

import pytest

from tests.outreach.test_surveys import PHRASE, SAID, staff, words
from tests.support.power import customer, point_of, retailer
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.surveys import editing, operations, queries, sending
from tillit.outreach.surveys.errors import SurveyError
from tillit.outreach.surveys.people import Invitation

pytestmark = pytest.mark.django_db


def test_e8_f7_a_sample_is_drawn_among_customers_of_an_area_and_a_kind_of_contract(db):
    controller = retailer()
    people = [customer(controller, email=f"en{n}@eksempel.example") for n in range(8)]
    for n, subject in enumerate(people):
        point_of(
            controller, subject, n + 1, area="NO1" if n < 6 else "NO3", kind="spot" if n % 2 else "fixed",
            municipality="0301" if n < 6 else "5001",
        )  # fmt: skip
    spot_in_no1 = {"all": [{"fact": "price_area", "value": "NO1"}, {"fact": "contract_kind", "value": "spot"}]}
    found = queries.reach(controller=controller, segment=spot_in_no1)
    assert set(found.people) == {people[1], people[3], people[5]}
    assert found.excluded["not-picked"] == 5
    in_trondelag = {"all": [{"fact": "municipality", "value": "50"}]}
    assert set(queries.reach(controller=controller, segment=in_trondelag).people) == {people[6], people[7]}
    closes = clock.today() + timedelta(days=14)
    unlawful = editing.Frame(SAID, False, 2, closes, None, {"all": [{"fact": "bought_within", "value": 5}]})
    with staff(controller) as scope, pytest.raises(SurveyError) as refused:
        editing.create(scope=scope, controller=controller, frame=unlawful)
    assert refused.value.code == "segment", "nothing is drawn by what surveys may not use"
    with staff(controller) as scope:
        frame = editing.Frame(SAID, False, 2, closes, None, spot_in_no1)
        survey = editing.create(scope=scope, controller=controller, frame=frame)
        editing.put_question(
            scope=scope, survey=survey, kind="text", texts=words("Hva kan bli bedre?", "What could be better?"),
            required=False,
        )  # fmt: skip
        operations.commit(scope=scope, survey=survey, words=PHRASE)
        operations.begin(scope=scope, survey=survey)
    assert sending.run_everywhere() == 2
    with Scope(system("test", {controller.pk}), "surveys"):
        asked = set(Invitation.objects.filter(survey_id=survey.pk).values_list("subject_id", flat=True))
    assert len(asked) == 2
    assert asked < {people[1], people[3], people[5]}
