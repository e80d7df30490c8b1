"""The departments' declarations carry the promises of the accounting group (A1, A9, F, H), to the day."""

from functools import cache
from pathlib import Path

import pytest

from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration

FOLDER = Path(__file__).parents[2] / "examples" / "accounting"
DEPARTMENTS = ("elvebakken", "solvik")

PERIODS = {
    ("bookkeeping", "service_payment", "fiscal_year_end(paid)", "P5Y", "minimum", "erase"),
    ("customer_administration", "identity", "relationship_ended", "P0D", "keep", "erase"),
    ("customer_administration", "contact", "relationship_ended", "P0D", "keep", "erase"),
    ("customer_administration", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("bookkeeping", "identity", "linked_data_gone", "P0D", "keep", "erase"),
    ("bookkeeping", "relationship", "linked_data_gone", "P0D", "keep", "erase"),
    ("claims_defence", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("claims_defence", "relationship", "linked_data_gone", "P0D", "keep", "erase"),
    ("claims_defence", "terms_acceptance", "relationship_ended", "P3Y", "keep", "erase"),
    ("sign_in", "login", "relationship_ended", "P0D", "keep", "erase"),
    ("customer_administration", "identity", "superseded", "P1Y", "ceiling", "erase"),
    ("customer_administration", "contact", "superseded", "P1Y", "ceiling", "erase"),
    ("customer_service", "enquiry", "case_closed", "P1Y", "keep", "erase"),
    ("important_notices", "message", "sent", "P1Y", "keep", "erase"),
    ("seminars", "identity", "relationship_ended", "P0D", "keep", "erase"),
    ("seminars", "contact", "relationship_ended", "P0D", "keep", "erase"),
    ("seminars", "seminar", "held", "P1Y", "keep", "erase"),
    ("supplier_contact", "business_contact", "relationship_ended", "P3M", "keep", "erase"),
    ("supplier_contact", "business_contact", "superseded", "P1Y", "ceiling", "erase"),
    ("recruitment", "identity", "relationship_ended", "P0D", "keep", "erase"),
    ("recruitment", "contact", "relationship_ended", "P0D", "keep", "erase"),
    ("recruitment", "application", "decided", "P6M", "keep", "erase"),
    ("candidate_pool", "application", "consent_given", "P1Y", "keep", "erase"),
    ("candidate_pool", "application", "consent_withdrawn", "P0D", "ceiling", "erase"),
    ("employment", "identity", "relationship_ended", "P0D", "keep", "erase"),
    ("employment", "contact", "relationship_ended", "P3M", "keep", "erase"),
    ("employment", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("employment", "employment", "employment_ended", "P0D", "keep", "erase"),
    ("bookkeeping", "employment", "fiscal_year_end(employment_ended)", "P5Y", "minimum", "erase"),
    ("employment", "national_number", "relationship_ended", "P0D", "keep", "erase"),
    ("bookkeeping", "national_number", "linked_data_gone", "P0D", "keep", "erase"),
    ("employment", "bank_account", "relationship_ended", "P3M", "keep", "erase"),
    ("newsletter", "marketing_contact", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "marketing_contact", "consent_withdrawn", "P0D", "ceiling", "erase"),
    ("newsletter", "marketing_contact", "address_failed", "P0D", "ceiling", "erase"),
    ("newsletter", "interest", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "interest", "removed", "P0D", "ceiling", "erase"),
    ("consent_management", "consent_record", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_proof", "consent_evidence", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_proof", "consent_evidence", "last_marketing_message", "P3Y", "keep", "erase"),
    ("visit_statistics", "web_visit", "visited", "P1Y", "keep", "anonymise"),
    ("cookies", "cookie_choice", "chosen", "P4W", "keep", "erase"),
    ("security_log", "access_record", "looked", "P2Y", "keep", "erase"),
    ("rights_requests", "disclosure_record", "relationship_ended", "P0D", "keep", "erase"),
    ("rights_requests", "disclosure_record", "disclosed", "P3Y", "keep", "erase"),
    ("rights_requests", "rights_case", "case_closed", "P3Y", "keep", "erase"),
    ("self_service", "rights_copy", "answered", "P30D", "keep", "erase"),
    ("breach_handling", "breach_record", "case_closed", "P3Y", "keep", "erase"),
}
"""(activity, category, clock, period, rule, disposal) of every rule."""


@cache
def declaration(key: str) -> Declaration:
    return load(FOLDER / f"{key}.yaml")[0]


def grounds(key: str, activity: str) -> set[str]:
    found = declaration(key).activity(activity)
    assert found is not None
    return {basis.ground for basis in found.basis}


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a1_every_department_is_a_controller_found_through_the_directory(key):
    controller = declaration(key).controller
    assert (controller.key, controller.arrangement.kind) == (key, "department")
    assert controller.arrangement.directory == "https://tallkroken.example/avdelinger"
    assert [point.key for point in controller.contact_points] == ["department"]


def test_a1_departments_store_apart():
    first, second = (declaration(key).controller for key in DEPARTMENTS)
    assert first.arrangement.register_key != second.arrangement.register_key
    assert first.organisation_number != second.organisation_number
    assert first.contact_points[0].email != second.contact_points[0].email
    assert first.privacy_adviser.email != second.privacy_adviser.email


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a9_only_staff_with_an_engagement_see_a_customer(key):
    assert declaration(key).staff_access.reach == "assigned"


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a4_material_changes_are_told_thirty_days_ahead(key):
    changes = declaration(key).changes
    assert (changes.acceptance, changes.notice) == ("continued_use", "P30D")
    assert (declaration(key).children.minimum_age, declaration(key).children.consent_age) == (15, 15)


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a5_each_occasion_of_collection_has_an_activity(key):
    recorded = {
        "customer_administration": "customer",
        "seminars": "seminar_participant",
        "customer_service": "enquirer",
        "newsletter": "subscriber",
        "supplier_contact": "supplier_contact",
        "recruitment": "applicant",
        "employment": "employee",
    }
    for activity, relationship in recorded.items():
        assert relationship in declaration(key).activity(activity).applies_to
    assert "partner_contact" in declaration(key).activity("supplier_contact").applies_to


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a2_grounds_are_consent_contract_and_legitimate_interest(key):
    assert grounds(key, "newsletter") == {"consent"}
    assert grounds(key, "customer_administration") == {"contract"}
    assert grounds(key, "important_notices") == {"contract", "legitimate_interest"}
    assert grounds(key, "marketing") == grounds(key, "visit_statistics") == {"legitimate_interest"}
    for activity in declaration(key).activities:
        for basis in activity.basis:
            assert (basis.ground == "legitimate_interest") == bool(basis.interest and basis.balancing)


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_a2_every_form_says_what_it_stores_and_stores_only_what_its_activity_records(key):
    forms = declaration(key).forms
    assert {"seminar_signup", "newsletter_signup", "enquiry", "job_application"} <= {form.key for form in forms}
    for form in forms:
        assert set(form.notice) == {"nb", "en"}
        assert set(form.collects) <= set(declaration(key).activity(form.activity).records), form.key


@pytest.mark.parametrize("key", DEPARTMENTS)
@pytest.mark.parametrize("activity", ["marketing", "customer_service", "supplier_contact"])
def test_d14_legitimate_interest_alone_is_no_reason_to_contact_somebody_first(key, activity):
    assert declaration(key).activity("important_notices").first_contact
    assert not declaration(key).activity(activity).first_contact


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_f10_seminar_data_goes_a_year_after_the_event(key):
    rule = next(r for r in declaration(key).retention if r.category == "seminar")
    assert (rule.clock, rule.period) == ("held", "P1Y")


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_f11_authority_news_is_a_service_message_not_marketing(key):
    notices = declaration(key).activity("important_notices")
    assert "email" in notices.channels
    assert "marketing_contact" not in notices.uses


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h10_every_period_of_the_departments(key):
    rules = {(r.activity, r.category, r.clock, r.period, r.rule, r.disposal) for r in declaration(key).retention}
    assert rules == PERIODS
    assert len(declaration(key).retention) == len(PERIODS)


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h10_names_stay_with_the_books_and_no_longer(key):
    kept = [(r.category, set(r.kept_with)) for r in declaration(key).retention if r.clock == "linked_data_gone"]
    assert kept == [
        ("identity", {"service_payment", "employment"}),
        ("relationship", {"service_payment", "employment"}),
        ("relationship", {"terms_acceptance", "business_contact", "bank_account", "contact"}),  # periods count from it
        ("national_number", {"employment"}),
    ]


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h11_backup_daily_on_several_levels_for_a_year(key):
    backup = declaration(key).backup
    assert (backup.every, backup.kept, backup.readers) == ("P1D", "P1Y", ("it_operations",))
    assert "flere nivåer" in backup.levels["nb"]


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h12_intrusion_goes_to_police_authority_supplier_report_and_customers(key):
    breach = declaration(key).breach
    assert (breach.authority_within_hours, breach.police_report) == (72, True)
    assert breach.supplier_report is not None
    assert breach.business_notice is not None
    assert "authorities" in declaration(key).activity("breach_handling").recipients


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h13_no_processor_outside_the_eea(key):
    assert {processor.country for processor in declaration(key).processors} == {"NO"}
    assert len(declaration(key).processors) == 4
    assert declaration(key).transfers == ()


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h16_payroll_data_is_for_employment_and_the_books_only(key):
    for category in ("employment", "national_number", "bank_account"):
        users = {a.key for a in declaration(key).activities if category in (*a.uses, *a.records)}
        assert "employment" in users
        assert users <= {"employment", "bookkeeping", "legal_disclosure", "rights_requests"}
    assert set(declaration(key).activity("employment").applies_to) == {"employee"}


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_h8_answers_within_thirty_days_through_the_department(key):
    rights = declaration(key).rights
    assert (rights.answer_within, rights.contact) == ("P30D", "department")
    assert rights.authority_web == "https://www.datatilsynet.no"


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_g2_nothing_but_necessary_before_consent(key):
    policy = declaration(key).cookies
    assert (policy.choice_lives, policy.respects_gpc) == ("P4W", True)
    assert {item.name for item in policy.items if item.kind != "necessary"} == {"tillit_remember"}
    assert {item.group for item in policy.items} == set(policy.purposes)
    lives = {item.name: item.life.period for item in policy.items if item.kind == "necessary"}
    assert lives == {
        "tillit_session": "P1D",
        "tillit_csrf": "P1Y",
        "tillit_cookie_choice": "P4W",
        "tillit_no_visits": "P1Y",
        "tillit_language": None,
    }


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_g3_visits_are_kept_a_year_singly_and_figures_without_limit(key):
    visits = declaration(key).visit_statistics
    assert (visits.individual, visits.aggregates, visits.address_truncated) == ("P1Y", "unlimited", True)


@pytest.mark.parametrize("key", DEPARTMENTS)
def test_g6_staying_signed_in_remembers_the_session_never_the_password(key):
    (remember,) = [item for item in declaration(key).cookies.items if item.name == "tillit_remember"]
    assert (remember.life.type, remember.life.period) == ("rolling", "P30D")
    assert "aldri brukernavn og passord" in remember.purpose["nb"]
