"""The power retailer's declaration carries the promises of source 2 (E1–E8, F3–F7, G1–G3, H8 …), to the day."""

from pathlib import Path

import pytest

from tillit.declaration.loader import load
from tillit.declaration.schema import Activity, Declaration

FILE = Path(__file__).parents[2] / "examples" / "power" / "fjordlys.yaml"

PERIODS = {
    ("identity", "relationship_ended", "P0D", "keep", "erase"),
    ("identity", "linked_data_gone", "P0D", "keep", "erase"),
    ("contact", "relationship_ended", "P0D", "keep", "erase"),
    ("contact", "linked_data_gone", "P0D", "keep", "erase"),
    ("identity", "superseded", "P1Y", "ceiling", "erase"),
    ("contact", "superseded", "P1Y", "ceiling", "erase"),
    ("national_number", "relationship_ended", "P0D", "keep", "erase"),
    ("relationship", "relationship_ended", "P0D", "keep", "anonymise"),
    ("relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("login", "relationship_ended", "P0D", "keep", "erase"),
    ("terms_acceptance", "relationship_ended", "P0D", "keep", "erase"),
    ("power_contract", "relationship_ended", "P0D", "keep", "erase"),
    ("power_contract", "linked_data_gone", "P0D", "keep", "erase"),
    ("metering_point", "relationship_ended", "P0D", "keep", "erase"),
    ("metering_point", "linked_data_gone", "P0D", "keep", "erase"),
    ("consumption", "relationship_ended", "P0D", "keep", "anonymise"),
    ("consumption", "measured", "P3Y", "keep", "anonymise"),
    ("service_payment", "relationship_ended", "P0D", "keep", "erase"),
    ("service_payment", "fiscal_year_end(paid)", "P5Y", "minimum", "erase"),
    ("consent_record", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_evidence", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_evidence", "last_marketing_message", "P3Y", "keep", "erase"),
    ("marketing_contact", "consent_withdrawn", "P0D", "keep", "erase"),
    ("marketing_contact", "relationship_ended", "P0D", "ceiling", "erase"),
    ("marketing_contact", "address_failed", "P0D", "ceiling", "erase"),
    ("energy_insight", "relationship_ended", "P0D", "keep", "erase"),
    ("energy_insight", "app_deleted", "P0D", "ceiling", "erase"),
    ("energy_alert", "relationship_ended", "P0D", "keep", "erase"),
    ("energy_alert", "app_deleted", "P0D", "ceiling", "erase"),
    ("device", "relationship_ended", "P0D", "keep", "erase"),
    ("device", "app_deleted", "P0D", "ceiling", "erase"),
    ("survey_answer", "answered", "P38M", "keep", "anonymise"),
    ("enquiry", "relationship_ended", "P0D", "keep", "erase"),
    ("enquiry", "case_closed", "P0D", "keep", "erase"),
    ("message", "relationship_ended", "P0D", "keep", "erase"),
    ("message", "sent", "P1Y", "ceiling", "erase"),
    ("reception_visit", "visit_ended", "P30D", "keep", "erase"),
    ("web_visit", "visited", "P38M", "keep", "erase"),
    ("cookie_choice", "chosen", "P4W", "keep", "erase"),
    ("cookie_choice", "chosen", "P1Y", "keep", "erase"),
    ("disclosure_record", "disclosed", "P3Y", "keep", "erase"),
    ("access_record", "looked", "P1Y", "keep", "erase"),
    ("rights_case", "case_closed", "P3Y", "keep", "erase"),
    ("rights_copy", "answered", "P30D", "keep", "erase"),
    ("breach_record", "case_closed", "P3Y", "keep", "erase"),
}


@pytest.fixture(scope="module")
def fjordlys() -> Declaration:
    return load(FILE)[0]


def activity(declaration: Declaration, key: str) -> Activity:
    found = declaration.activity(key)
    assert found is not None
    return found


def test_h10_every_period_of_the_power_retailer(fjordlys: Declaration):
    rules = fjordlys.retention
    assert {(r.category, r.clock, r.period, r.rule, r.disposal) for r in rules} == PERIODS
    assert len(rules) == len(PERIODS)
    assert {r.category for r in rules} == fjordlys.category_keys()


def test_a1_sole_controller_with_delegate_and_group_officer(fjordlys: Declaration):
    controller = fjordlys.controller
    assert (controller.arrangement.kind, controller.arrangement.register_key) == ("sole", "fjordlys")
    assert controller.delegate is not None
    assert controller.responsible is not None
    assert "konsernet" in controller.privacy_adviser.title["nb"]


def test_a8_three_processors_and_the_consented_analytics_in_the_eea(fjordlys: Declaration):
    assert [p.key for p in fjordlys.processors] == ["fosstek", "malerhuset", "kundeklokt", "sidepuls"]
    assert {p.country for p in fjordlys.processors} == {"NO", "IE"}
    assert fjordlys.transfers == ()


def test_e1_identity_is_checked_against_the_population_register(fjordlys: Declaration):
    check = activity(fjordlys, "population_register_check")
    assert check.sources == check.recipients == ("population_register",)
    assert "national_number" in check.uses
    readers = {a.key for a in fjordlys.activities if "national_number" in a.uses}
    assert readers == {"customer_administration", "population_register_check", "power_supply"}


def test_e4_comparison_is_anonymous_above_a_group_size(fjordlys: Declaration):
    comparison = activity(fjordlys, "household_comparison")
    assert [b.ground for b in comparison.basis] == ["legitimate_interest"]
    assert comparison.records == ()
    assert not {"identity", "contact", "national_number"} & set(comparison.uses)
    assert fjordlys.minimum_group == 10


def test_e6_e7_app_rules_leave_the_contract_alone(fjordlys: Declaration):
    ended = {r.category: r for r in fjordlys.retention if r.clock == "app_deleted"}
    assert set(ended) == {"energy_insight", "energy_alert", "device"}
    assert set(ended["energy_alert"].only_kinds) == {"high_use", "capacity_peak", "saving_advice"}
    assert "push" in activity(fjordlys, "energy_alerts").channels
    assert [b.ground for b in activity(fjordlys, "energy_alerts").basis] == ["contract"]


def test_e8_enquiries_come_by_mail_phone_and_social_media(fjordlys: Declaration):
    service = activity(fjordlys, "customer_service")
    assert "social_media" in service.sources
    assert {"email", "phone"} <= set(service.channels)


def test_f3_newsletter_at_most_monthly_on_consent(fjordlys: Declaration):
    newsletter = activity(fjordlys, "newsletter")
    assert newsletter.at_most_every == "P1M"
    assert [b.ground for b in newsletter.basis] == ["consent"]
    assert newsletter.channels == ("email",)
    assert "contact" not in newsletter.uses
    assert [b.ground for b in activity(fjordlys, "message_measurement").basis] == ["consent"]


def test_f7_surveys_are_never_shared(fjordlys: Declaration):
    surveys = activity(fjordlys, "surveys")
    assert surveys.recipients == ()
    assert not any("survey_answer" in r.categories for r in fjordlys.recipients)


def test_g1_g2_cookies_one_by_one(fjordlys: Declaration):
    cookies = fjordlys.cookies
    assert cookies.choice_lives == "P4W"
    assert cookies.respects_gpc
    assert {(c.name, c.kind, c.life.type, c.life.period, c.processor) for c in cookies.items} == {
        ("tillit_session", "necessary", "rolling", "P1D", None),
        ("tillit_csrf", "necessary", "fixed", "P1Y", None),
        ("tillit_no_visits", "necessary", "fixed", "P1Y", None),
        ("tillit_language", "necessary", "session", None, None),
        ("tillit_cookie_choice", "necessary", "fixed", "P4W", None),
        ("tillit_remember", "own", "rolling", "P30D", None),
        ("/fjordlys/app/worker.js", "necessary", "until_removed", None, None),
        ("tillit-fjordlys-frame", "necessary", "until_removed", None, None),
        ("__utma", "analytics", "rolling", "P2Y", "sidepuls"),
        ("__utmb", "analytics", "session", None, "sidepuls"),
        ("__utmc", "analytics", "session", None, "sidepuls"),
        ("__utmz", "analytics", "fixed", "P6M", "sidepuls"),
        ("newsletter_pixel", "own", "session", None, None),
    }


def test_g3_visits_up_to_38_months(fjordlys: Declaration):
    statistics = fjordlys.visit_statistics
    assert statistics is not None
    assert (statistics.individual, statistics.aggregates) == ("P38M", "P38M")
    assert statistics.address_truncated


def test_h8_a4_h11_h12_deadlines(fjordlys: Declaration):
    assert fjordlys.rights.answer_within == "P30D"
    assert (fjordlys.changes.notice, fjordlys.changes.acceptance) == ("P30D", "continued_use")
    assert (fjordlys.backup.every, fjordlys.backup.kept) == ("P1D", "P1Y")
    assert fjordlys.breach.authority_within_hours == 72
    assert (fjordlys.children.minimum_age, fjordlys.children.consent_age) == (18, 13)


def test_h13_recipients_are_those_the_law_or_the_customer_asks_for(fjordlys: Declaration):
    assert {r.key: r.ground for r in fjordlys.recipients} == {
        "market_hub": "legal_obligation",
        "population_register": "contract",
        "tax_authority": "legal_obligation",
        "police": "legal_obligation",
        "privacy_authority": "legal_obligation",
        "chosen_controller": "consent",
    }


def test_h17_reception_takes_the_full_name_and_nothing_more(fjordlys: Declaration):
    reception = activity(fjordlys, "reception")
    assert reception.uses == reception.records == ("reception_visit",)
    form = next(f for f in fjordlys.forms if f.key == "reception")
    assert form.collects == ("reception_visit",)


def test_a2_every_interest_is_balanced_and_every_duty_names_its_law(fjordlys: Declaration):
    for item in fjordlys.activities:
        for basis in item.basis:
            assert basis.ground != "legitimate_interest" or (basis.interest and basis.balancing)
            assert basis.ground != "legal_obligation" or basis.law
