"""Every page, found by the names of its addresses, in real Chromium: readable by all, no wider than the screen, nothing
asked of others, nothing stored that is not declared."""

from collections.abc import Callable, Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.browser.conftest import SIZES, Site, Window
from tests.browser.looking import check, declared

__all__ = ["declared"]  # a fixture
pytestmark = pytest.mark.browser
VISITOR = [
    "accessibility",
    "app_offline",
    "front",
    "home",
    "statement",
    "statement_version",
    "statement_changes",
    "cookies",
    "sign_in",
    "join",
    "staff_sign_in",
    "programme_terms",
    "newsletter",
    "supplier_sign_in",
    "seminars",
    "public_benefits",
    "job_application",
    "contact",
    "become_customer",
    "competitions",
    "draws",
    "tip",
]
MEMBER = [
    "terms",
    "app",
    "min_side",
    "receipts",
    "vouchers",
    "offers",
    "your_data",
    "who_looked",
    "received",
    "messages",
    "your_data_download",
    "enquiries",
    "requests",
    "request_new",
    "choices",
    "cards",
    "consent_receipts",
    "identity",
    "interests",
    "complaints",
    "complaint_new",
    "profile",
    "compiled_profile",
    "handover",
    "sign_ins",
    "leave",
]
STAFF = [
    "staff_desk",
    "staff_declaration",
    "staff_audit",
    "staff_colleagues",
    "staff_audiences",
    "staff_breaches",
    "staff_claims",
    "staff_misuse",
    "staff_complaints",
    "staff_enquiries",
    "staff_holds",
    "staff_imports",
    "staff_rows",
    "staff_enquiry_stranger",
    "staff_enrol",
    "staff_webhooks",
    "staff_operator_report",
    "staff_promises",
    "staff_population",
    "staff_market_hub",
    "staff_advertising",
    "staff_campaigns",
    "staff_visits",
    "staff_surveys",
    "staff_survey_new",
    "staff_competitions",
    "staff_competition_new",
    "staff_seminars",
    "staff_seminar_new",
    "staff_reception",
    "staff_applications",
    "staff_employees",
    "staff_employee_new",
    "staff_contacts",
    "staff_contact_new",
    "staff_follow_up",
    "staff_refunds",
    "staff_reports",
    "staff_requests",
    "staff_request_stranger",
    "staff_settlements",
    "staff_terms",
    "staff_value",
    "staff_search",
]
# Reached in the journeys, since they need a code, a search or a form first.
JOURNEYS = [
    "staff_contact",
    "staff_employee",
    "family",
    "services",
    "supply",
    "rejoin",
    "order_service",
    "assistance",
    "assistance_service",
    "assistance_case",
    "advice",
    "belongings",
    "belonging",
    "staff_assistance",
    "staff_assistance_case",
    "blocking",
    "staff_blocks",
    "payments",
    "insurance",
    "own_insurances",
    "insurance_claim",
    "staff_insurance",
    "staff_insurance_claim",
    "staff_payments",
    "staff_payments_person",
    "staff_books",
    "staff_payouts",
    "staff_block",
    "complaint",
    "staff_complaint",
    "staff_cards",
    "staff_audience",
    "staff_consents",
    "staff_consent_proof",
    "newsletter_confirm",
    "newsletter_asked",
    "staff_campaign",
    "staff_calls",
    "staff_bonus",
    "staff_alerts",
    "staff_consumption",
    "staff_consumption_period",
    "consumption",
    "consumption_period",
    "home_energy",
    "home_energy_of",
    "alerts",
    "staff_misuse_case",
    "staff_terms_draft",
    "staff_identity",
    "voucher",
    "bonus_history",
    "join_link",
    "sign_in_code",
    "staff",
    "staff_sign_in_code",
    "staff_factor",
    "staff_set_up",
    "staff_security",
    "staff_person",
    "staff_merge",
    "staff_circumstances",
    "request",
    "staff_request",
    "staff_request_new",
    "staff_breach",
    "unsubscribe",
    "enquiry",
    "staff_enquiry",
    "staff_enquiry_new",
    "staff_hold_new",
    "staff_benefits",
    "staff_benefit",
    "staff_benefit_new",
    "membership_card",
    "benefits",
    "benefit",
    "benefit_out",
    "order_form",
    "orders",
    "order",
    "card_check",
    "supplier_orders",
    "staff_import",
    "staff_draft",
    "staff_draft_preview",
    "staff_draft_publish",
    "staff_draft_history",
    "staff_row",
]
# Seen by Django's client (test_registration, test_push, test_supply …), not crawled: they need numbers or a link first.
BY_CLIENT = [
    "staff_enquiry_request",
    "child_cleanups",
    "child_cleanup",
    "staff_services_person",
    "staff_supply",
    "family_link",
    "survey",
    "seminar",
    "seminar_mine",
    "reception_screen",
    "staff_application",
    "public_benefit",
    "employment",
    "job_keep",
    "employment_confirm",
    "competition",
    "competition_confirm",
    "seminar_confirm",
    "staff_survey",
    "staff_competition",
    "staff_seminar",
    "app_notices",
    "lost",
    "password",
    "password_sign_in",
    "register",
    "sign_in_number",
    "staff_access",
    "stop_access",
]
# No page: a form's target, a file, a style sheet.
OTHERS = {
    "staff_things_extract": "file",
    "child_cleanup_file": "file",
    "draw_tickets": "file",
    "seminar_calendar": "file",
    "staff_reception_badge": "file",
    "staff_application_file": "file",
    "staff_reception_house": "file",
    "seminar_file": "file",
    "staff_survey_chart": "file",
    "staff_survey_file": "file",
    "staff_seminar_file": "file",
    "oauth_metadata": "JSON",
    "password_remove": "form",
    "outside": "elsewhere",
    "outside_back": "elsewhere",
    "manifest": "JSON",
    "app_worker": "script",
    "app_installed": "beacon",
    "icon": "image",
    "language": "form",
    "request_download": "form",
    "staff_request_download": "form",
    "staff_breach_form": "file",
    "complaint_file": "form",
    "staff_complaint_file": "form",
    "staff_recording": "form",
    "invoice": "file",
    "insurance_claim_file": "file",
    "own_insurance_terms": "file",
    "staff_invoice": "file",
    "staff_insurance_file": "file",
    "staff_books_file": "form",
    "staff_payouts_file": "form",
    "acquirer_report": "JSON",
    "handover_in": "JSON",
    "assistance_file": "file",
    "staff_assistance_file": "file",
    "belonging_file": "file",
    "belongings_extract": "file",
    "staff_misuse_file": "form",
    "staff_claim_letter": "form",
    "staff_report_chart": "file",
    "staff_settlement_file": "file",
    "staff_operator_chart": "file",
    "staff_operator_file": "file",
    "staff_visits_chart": "file",
    "consent_receipts_file": "file",
    "consent_receipt_proof": "file",
    "staff_consent_file": "file",
    "measure": "leads on, or is a picture",
    "staff_campaign_html": "a mail as it looks, of its own style",
    "staff_follow_up_chart": "file",
    "staff_follow_up_file": "file",
    "staff_visits_file": "file",
    "visits_choice": "form",
    "staff_report_file": "file",
    "request_take_back": "form",
    "cookie_choice": "form",
    "cookie_banner": "script",
    "cookie_banner_register": "JSON",
    "cookie_banner_choice": "JSON",
    "passkey": "form",
    "passkey_options": "JSON",
    "passkey_add": "form",
    "passkey_add_options": "JSON",
    "staff_passkey": "form",
    "staff_passkey_options": "JSON",
    "staff_passkey_add": "form",
    "staff_passkey_add_options": "JSON",
    "sign_out": "form",
    "staff_sign_out": "form",
    "profile_name": "form",
    "profile_phone": "form",
    "profile_email": "form",
    "statement_download": "file",
    "look": "style sheet",
    "security_txt": "text",
    "health": "JSON",
    "enquiry_file": "file",
    "enquiry_take_back": "form",
    "staff_enquiry_file": "file",
    "sms_report": "JSON",
    "sms_in": "JSON",
    "membership_card_key": "JSON",
    "benefit_code": "form",
    "consumption_file": "file",
    "staff_benefits_file": "file",
    "supplier_sign_out": "form",
}
ARGUMENTS: dict[str, list[object]] = {
    "front": [],
    "newsletter": ["solvik"],
    "staff_sign_in": [],
    "supplier_sign_in": [],
    "staff_rows": ["rundtur", "purchases", "butikk-fil"],
    "staff_population": ["fjordlys"],
    "staff_market_hub": ["fjordlys"],
    "staff_advertising": ["lyngheim"],
    "seminars": ["solvik"],
    "public_benefits": ["lyngheim"],
    "competitions": ["lyngheim"],
    "tip": ["lyngheim"],
    "staff_surveys": ["fjordlys"],
    "staff_survey_new": ["fjordlys"],
    "staff_competitions": ["lyngheim"],
    "staff_competition_new": ["lyngheim"],
    "staff_seminars": ["solvik"],
    "staff_seminar_new": ["solvik"],
    "staff_reception": ["fjordlys"],
    "staff_applications": ["solvik"],
    "staff_employees": ["solvik"],
    "staff_employee_new": ["solvik"],
    "staff_contacts": ["solvik"],
    "staff_contact_new": ["solvik"],
    "job_application": ["solvik"],
    "contact": ["solvik"],
    "become_customer": ["fjordlys"],
    "request_new": ["rundtur", "erasure"],
    "statement_version": ["rundtur", 1],
    "statement_changes": ["rundtur", 1, 1],
}


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The names of the pages. The API has no pages: its document and tests say what it answers."""
    for pattern in patterns:
        if str(pattern.pattern) == "api/":
            continue
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            yield pattern.name


def path_of(name: str) -> str:
    return reverse(name, args=ARGUMENTS.get(name, ["rundtur"]))


def test_every_address_is_known_to_this_crawl() -> None:
    names = list(_names(get_resolver().url_patterns))
    assert len(names) == len(set(names))
    assert sorted(names) == sorted([*VISITOR, *MEMBER, *STAFF, *JOURNEYS, *BY_CLIENT, *OTHERS])


@pytest.mark.parametrize(
    ("size", "locale"), [pytest.param("phone", "nb-NO", marks=pytest.mark.soak), ("desktop", "en-GB")]
)
def test_g1_h18_public_pages(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    for name in VISITOR:
        opened.go(path_of(name))
        check(opened, declared)


@pytest.mark.parametrize(
    ("size", "locale"), [("phone", "en-GB"), pytest.param("desktop", "nb-NO", marks=pytest.mark.soak)]
)
def test_g1_h18_pages_of_a_member(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    opened.go("/rundtur/sign-in/")
    opened.page.fill("#address", "nobody@post.example")
    opened.click("main form button")
    check(opened, declared)
    opened.sign_in(site.kari)
    for name in MEMBER:
        opened.go(path_of(name))
        check(opened, declared)
