"""The unions' declarations carry the promises of the benefit programme (A1, A8, B1–B11, F, G), to the day."""

from functools import cache
from pathlib import Path

import pytest

from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import Cookie

FOLDER = Path(__file__).parents[2] / "examples" / "union_benefits"
UNIONS = ("lyngheim", "steinlia", "tangvik")
ADVERTISING = ("lyngheim", "steinlia")

PERIODS = {
    ("membership_administration", "identity", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "contact", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "birth_date", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "gender", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "national_number", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("claims_defence", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("claims_defence", "relationship", "linked_data_gone", "P0D", "keep", "erase"),
    ("membership_administration", "membership", "relationship_ended", "P0D", "keep", "erase"),
    ("membership_administration", "insurance_agreement", "relationship_ended", "P0D", "keep", "erase"),
    ("rejoining", "identity", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "contact", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "birth_date", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "gender", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "national_number", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "relationship", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "membership", "relationship_ended", "P10Y", "keep", "erase"),
    ("rejoining", "insurance_agreement", "relationship_ended", "P10Y", "keep", "erase"),
    ("membership_administration", "identity", "superseded", "P1Y", "ceiling", "erase"),
    ("membership_administration", "contact", "superseded", "P1Y", "ceiling", "erase"),
    ("sign_in", "login", "relationship_ended", "P0D", "keep", "erase"),
    ("app_operation", "device", "relationship_ended", "P0D", "keep", "erase"),
    ("app_operation", "device", "removed", "P0D", "ceiling", "erase"),
    ("benefit_delivery", "benefit_order", "delivered", "P3M", "keep", "erase"),
    ("benefit_delivery", "benefit_order", "ordered", "P2Y", "ceiling", "erase"),
    ("customer_service", "enquiry", "case_closed", "P1Y", "keep", "erase"),
    ("important_notices", "message", "sent", "P1Y", "keep", "erase"),
    ("newsletter", "marketing_contact", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "marketing_contact", "consent_withdrawn", "P0D", "ceiling", "erase"),
    ("newsletter", "marketing_contact", "address_failed", "P0D", "ceiling", "erase"),
    ("newsletter", "interest", "relationship_ended", "P0D", "keep", "erase"),
    ("newsletter", "interest", "removed", "P0D", "ceiling", "erase"),
    ("consent_management", "consent_record", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_proof", "consent_evidence", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_proof", "consent_evidence", "last_marketing_message", "P3Y", "keep", "erase"),
    ("claims_defence", "terms_acceptance", "relationship_ended", "P3Y", "keep", "erase"),
    ("surveys", "survey_answer", "answered", "P1Y", "keep", "anonymise"),
    ("competitions", "relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("competitions", "competition_entry", "drawn", "P3M", "keep", "erase"),
    ("visit_statistics", "web_visit", "visited", "P1Y", "keep", "anonymise"),
    ("cookies", "cookie_choice", "chosen", "P4W", "keep", "erase"),
    ("security_log", "access_record", "looked", "P2Y", "keep", "erase"),
    ("rights_requests", "disclosure_record", "relationship_ended", "P0D", "keep", "erase"),
    ("rights_requests", "disclosure_record", "disclosed", "P3Y", "keep", "erase"),
    ("rights_requests", "rights_case", "case_closed", "P3Y", "keep", "erase"),
    ("self_service", "rights_copy", "answered", "P30D", "keep", "erase"),
    ("breach_handling", "breach_record", "case_closed", "P3Y", "keep", "erase"),
    ("advertising", "advertising_audience", "relationship_ended", "P0D", "keep", "erase"),
    ("advertising", "advertising_audience", "consent_withdrawn", "P0D", "ceiling", "erase"),
}
"""(activity, category, clock, period, rule, disposal) of every rule of a union that approves advertising."""


@cache
def declaration(key: str) -> Declaration:
    return load(FOLDER / f"{key}.yaml")[0]


def grounds(key: str, activity: str) -> list[str]:
    found = declaration(key).activity(activity)
    assert found is not None
    return [basis.ground for basis in found.basis]


def channels(key: str, activity: str) -> set[str]:
    found = declaration(key).activity(activity)
    return set(found.channels) if found else set()


def cookies(key: str, group: str) -> list[Cookie]:
    return [item for item in declaration(key).cookies.items if item.group == group]


@pytest.mark.parametrize("key", UNIONS)
def test_a1_each_union_is_a_controller_and_the_operator_its_processor(key):
    controller = declaration(key).controller
    assert (controller.key, controller.arrangement.kind) == (key, "processor")
    assert controller.arrangement.operator == "Samklang Fordel AS"
    assert controller.privacy_adviser.email
    assert controller.delegate is not None


def test_a1_every_union_has_a_register_and_a_number_of_its_own():
    controllers = [declaration(key).controller for key in UNIONS]
    assert len({controller.arrangement.register_key for controller in controllers}) == 3
    assert len({controller.organisation_number for controller in controllers}) == 3
    assert len({controller.privacy_adviser.email for controller in controllers}) == 3


def test_a1_there_is_no_counter():
    assert "no counter" in next(n for n in declaration("lyngheim").notices if n.key == "no_counter").text["en"]


@pytest.mark.parametrize("key", ADVERTISING)
def test_a8_chain_from_union_to_operator_to_agency_to_advertising_network(key):
    under = {processor.key: processor.under for processor in declaration(key).processors}
    assert under["samklang_fordel"] is None
    assert under["blikkfang_byra"] == "samklang_fordel"
    assert {k for k, above in under.items() if above == "blikkfang_byra"} == {"annonsehavn", "skiltgata", "torgprat"}


@pytest.mark.parametrize("key", UNIONS)
def test_b1_the_register_holds_what_the_source_lists(key):
    held = set(declaration(key).activity("register_import").records)
    assert held == {
        "identity",
        "contact",
        "birth_date",
        "gender",
        "national_number",
        "relationship",
        "membership",
        "insurance_agreement",
    }
    assert declaration(key).activity("register_import").sources == ("union",)
    mandatory = {category.key for category in declaration(key).categories if category.mandatory}
    assert {"identity", "contact", "national_number", "membership", "insurance_agreement"} <= mandatory


@pytest.mark.parametrize("key", UNIONS)
def test_b1_grounds_are_contract_for_the_register_and_consent_for_marketing(key):
    assert grounds(key, "membership_administration") == ["contract"]
    assert grounds(key, "newsletter") == grounds(key, "marketing") == ["consent"]


@pytest.mark.parametrize("key", UNIONS)
def test_b4_an_order_serves_delivery_only(key):
    users = {
        activity.key
        for activity in declaration(key).activities
        if "benefit_order" in activity.records and activity.key not in {"rights_requests"}
    }
    readers = {activity.key for activity in declaration(key).activities if "benefit_order" in activity.uses}
    assert users == {"benefit_delivery"}
    assert readers.isdisjoint({"marketing", "newsletter", "advertising", "surveys", "membership_administration"})
    assert "benefit_delivery" in readers


def test_b5_the_unions_frames_for_suppliers_differ_and_more_needs_consent():
    bank = next(r for r in declaration("lyngheim").recipients if r.key == "kobberkista_bank")
    assert bank.ground == "consent"
    assert {r.key for r in declaration("lyngheim").recipients} == {
        "varselhorn_forsikring",
        "fjellduft_hoteller",
        "fjellduft_asked",
        "vidderaas_varer",
        "kobberkista_bank",
        "authorities",
    }
    assert {r.key for r in declaration("tangvik").recipients} == {
        "varselhorn_forsikring",
        "fjellduft_hoteller",
        "fjellduft_asked",
        "vidderaas_varer",
        "authorities",
    }
    delivery = declaration("tangvik").activity("benefit_delivery")
    assert delivery.recipients == (
        "varselhorn_forsikring",
        "fjellduft_hoteller",
        "fjellduft_asked",
        "vidderaas_varer",
    )


@pytest.mark.parametrize("key", UNIONS)
def test_b6_the_app_declares_each_device_permission_and_why(key):
    permissions = {permission.key: permission for permission in declaration(key).device_permissions}
    assert set(permissions) == {
        "internet",
        "phone_call",
        "push",
        "image_cache",
        "offline_copy",
        "network_state",
        "accounts",
        "wake_lock",
    }
    assert all(set(permission.why) == {"nb", "en"} for permission in permissions.values())
    assert all("ios" in permissions[name].platforms for name in ("internet", "phone_call", "push"))


@pytest.mark.parametrize("key", UNIONS)
def test_b6_every_form_says_what_it_stores_and_stores_only_what_its_activity_records(key):
    forms = declaration(key).forms
    assert {"sign_in", "order", "min_side_registration", "app_registration"} <= {form.key for form in forms}
    for form in forms:
        assert set(form.notice) == {"nb", "en"}
        assert set(form.collects) <= set(declaration(key).activity(form.activity).records), form.key


@pytest.mark.parametrize("key", UNIONS)
def test_b7_a_former_member_is_archived_for_joining_again_only(key):
    (archive,) = declaration(key).archives
    assert (archive.clock, archive.period, archive.readers) == ("relationship_ended", "P0D", ("rejoining",))
    assert set(archive.categories) == set(declaration(key).activity("register_import").records)
    assert declaration(key).activity("rejoining").reads_archive


@pytest.mark.parametrize("key", UNIONS)
def test_b8_a_tip_to_a_friend_stores_nothing(key):
    tip = declaration(key).activity("tip_a_friend")
    assert tip is not None
    assert (tip.uses, tip.records) == ((), ())


def test_b10_each_channel_is_closed_unless_the_unions_agreement_approves_it():
    assert channels("lyngheim", "marketing") == {"email", "sms", "push", "post", "phone", "web", "app"}
    assert channels("steinlia", "marketing") == {"email", "sms", "web", "app"}
    assert channels("tangvik", "marketing") == {"email", "push", "web", "app"}
    assert channels("lyngheim", "newsletter") == channels("steinlia", "newsletter") == {"email", "sms"}
    assert channels("tangvik", "newsletter") == {"email"}
    assert channels("lyngheim", "advertising") == channels("steinlia", "advertising") == {"ads"}
    assert channels("tangvik", "advertising") == set()


@pytest.mark.parametrize("key", ADVERTISING)
def test_b10_advertising_rests_on_consent_and_hashed_addresses(key):
    assert grounds(key, "advertising") == ["consent"]
    networks = [p for p in declaration(key).processors if p.under == "blikkfang_byra"]
    assert len(networks) == 3
    assert all(network.categories == ("advertising_audience",) for network in networks)


def test_b10_a_union_without_advertising_declares_none_of_it():
    union = declaration("tangvik")
    assert cookies("lyngheim", "advertisers")
    assert cookies("tangvik", "advertisers") == []
    assert "advertising_audience" in declaration("lyngheim").category_keys()
    assert "advertising_audience" not in union.category_keys()
    assert {p.key for p in union.processors}.isdisjoint({"blikkfang_byra", "annonsehavn", "skiltgata", "torgprat"})


@pytest.mark.parametrize("key", ADVERTISING)
def test_h10_every_period_of_the_unions_declarations(key):
    rules = {(r.activity, r.category, r.clock, r.period, r.rule, r.disposal) for r in declaration(key).retention}
    assert rules == PERIODS
    assert len(declaration(key).retention) == len(PERIODS)


def test_h10_a_union_without_advertising_has_the_same_periods_without_audiences():
    rules = {(r.activity, r.category, r.clock, r.period, r.rule, r.disposal) for r in declaration("tangvik").retention}
    assert rules == {rule for rule in PERIODS if rule[0] != "advertising"}


@pytest.mark.parametrize("key", UNIONS)
def test_f6_proof_of_consent_lives_three_years_after_the_last_marketing_message(key):
    rules = {(r.clock, r.period) for r in declaration(key).retention if r.category == "consent_evidence"}
    assert rules == {("relationship_ended", "P0D"), ("last_marketing_message", "P3Y")}


@pytest.mark.parametrize("key", UNIONS)
def test_f7_survey_answers_have_no_recipient(key):
    surveys = declaration(key).activity("surveys")
    assert surveys.recipients == ()
    assert all("survey_answer" not in recipient.categories for recipient in declaration(key).recipients)


@pytest.mark.parametrize("key", UNIONS)
def test_f8_competition_contacts_are_used_by_competitions_only(key):
    users = {a.key for a in declaration(key).activities if "competition_entry" in (*a.uses, *a.records)}
    assert users == {"competitions"}


@pytest.mark.parametrize("key", UNIONS)
def test_a4_material_changes_are_told_thirty_days_ahead(key):
    changes = declaration(key).changes
    assert (changes.acceptance, changes.notice) == ("continued_use", "P30D")
    assert (declaration(key).children.minimum_age, declaration(key).children.consent_age) == (15, 15)


@pytest.mark.parametrize("key", UNIONS)
def test_h8_answers_within_thirty_days(key):
    rights = declaration(key).rights
    assert rights.answer_within == "P30D"
    assert rights.contact in {point.key for point in declaration(key).controller.contact_points}


@pytest.mark.parametrize("key", UNIONS)
def test_h11_backup_daily_for_a_year(key):
    backup = declaration(key).backup
    assert (backup.every, backup.kept, backup.readers) == ("P1D", "P1Y", ("it_operations",))
    assert declaration(key).breach.authority_within_hours == 72
