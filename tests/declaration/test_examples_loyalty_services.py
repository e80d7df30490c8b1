"""The loyalty-services declaration carries the promises of source 1 about its services (D1–D14), to the day."""

import pytest

from tests.declaration.loyalty import activity, declaration, grounds, named, rules
from tillit.declaration.vocabulary import vocabulary


def test_d1_entitlement_through_a_partner_and_the_usage_report():
    check, report = activity("entitlement_check"), activity("partner_usage_report")
    assert check.sources == ("partner",)
    assert {"identity", "national_number", "contact", "entitlement"} <= set(check.records)
    assert set(check.recipients) == {"entitling_partner", "service_supplier"}
    assert (grounds("entitlement_check"), grounds("partner_usage_report")) == (
        {"contract"},
        {"legitimate_interest"},
    )
    assert report.recipients == ("reported_partner",)
    assert named(declaration().recipients, "reported_partner").ground == "legitimate_interest"


def test_d2_blocking_goes_to_issuer_and_operator_and_only_blocking_calls_are_recorded():
    assert set(activity("card_blocking").recipients) == {"card_issuer", "mobile_operator"}
    assert vocabulary().categories["blocked_instrument"].sealed
    readers = {a.key for a in declaration().activities if "blocked_instrument" in a.uses}
    assert readers == {"card_blocking"}
    (recording,) = declaration().recordings
    assert (recording.category, recording.kept, recording.retention) == (
        "call_recording",
        "P3M",
        "call_recording",
    )


def test_d3_id_cases_are_read_by_id_agents_only():
    readers = {a.key for a in declaration().activities if "id_case" in (*a.uses, *a.records)}
    assert readers == {"id_protection", "self_service"}, "the ID agents, and the person themselves on Min side"
    assert vocabulary().categories["id_case"].staff_under == ("id_protection",)
    archive = named(declaration().archives, "id_cases")
    assert (archive.categories, archive.readers) == (("id_case", "mandate"), ("id_protection",))
    roles = {key for key, role in vocabulary().roles.items() if "id_protection" in role.may}
    assert roles == {"id_agent"}
    assert rules("id_case") == {("case_closed", "P3Y", "ceiling", None)}


def test_d4_web_cleanup_under_mandate():
    assert activity("web_cleanup").recipients == ("web_site",)
    assert "mandate" in activity("web_cleanup").uses


def test_d5_concierge_and_the_third_country_ground():
    assert activity("concierge").recipients == ("concierge_supplier",)
    assert "supplier" in activity("concierge").sources
    transfer = named(declaration().transfers, "booking_abroad")
    assert (transfer.to, transfer.country, transfer.ground) == (
        "concierge_supplier",
        "*",
        "contract_necessity",
    )


def test_d6_objects_three_months_after_access():
    assert rules("registered_object") == {("access_ended", "P3M", "keep", None), ("removed", "P7D", "ceiling", None)}


def test_d7_insurance_periods_and_the_insurers_share():
    assert rules("insurance_cover") == {("cover_ended", "P18M", "keep", None)}
    assert rules("paid_claim") == {
        ("fiscal_year_end(paid)", "P5Y", "minimum", None),
        ("fiscal_year_end(paid)", "P7Y", "keep", "insurer"),
    }
    assert rules("refused_claim") == {
        ("year_end(refused)", "P3Y", "keep", None),
        ("year_end(refused)", "P7Y", "keep", "insurer"),
    }
    assert set(activity("insurance_claims").recipients) == {"insurance_broker", "insurer"}
    assert activity("insurer_records").uses.count("paid_claim") == 1


@pytest.mark.parametrize("category", ["one_off_transaction", "service_payment"])
def test_d8_payments_five_years_after_the_financial_year(category: str):
    assert rules(category) == {("fiscal_year_end(paid)", "P5Y", "minimum", None)}


@pytest.mark.parametrize("key", ["one_off_transactions", "service_payments"])
def test_d8_three_grounds_and_two_ways_of_paying(key: str):
    assert grounds(key) == {"contract", "legal_obligation", "legitimate_interest"}
    assert {"payment_acquirer", "payment_provider"} <= set(activity(key).recipients)


def test_d9_usage_and_correspondence():
    for category in ("service_use", "enquiry", "booking", "web_cleanup_case"):
        assert rules(category) == {("access_ended", "P3Y", "keep", None)}
    assert rules("correspondence") == {("sent", "P3Y", "ceiling", None)}


def test_d10_identity_stays_exactly_as_long_as_data_with_another_ground():
    kept = {rule.category: set(rule.kept_with) for rule in declaration().retention if rule.clock == "linked_data_gone"}
    insured = {"insurance_cover", "insurance_claim", "paid_claim", "refused_claim"}
    lasting = {
        *insured,
        *("service_use", "enquiry", "correspondence", "booking", "web_cleanup_case", "id_case"),
        *("one_off_transaction", "service_payment", "complaint", "mandate"),
    }
    assert kept == {
        "identity": lasting,
        "contact": lasting,
        "relationship": lasting,
        "national_number": {*insured, "id_case"},
    }


def test_d10_historical_archive_opens_for_complaints_claims_and_law_only():
    archive = named(declaration().archives, "historical")
    assert (archive.clock, archive.period) == ("relationship_ended", "P0D")
    assert set(archive.readers) == {
        "claims_defence",
        "insurance_claims",
        "insurer_records",
        "bookkeeping",
        "payouts",  # what somebody who has left has a claim to is paid to them
        "legal_disclosure",
    }
    assert {"id_case", "mandate"}.isdisjoint(archive.categories)
    elsewhere = {
        "login",
        "id_case",
        "mandate",
        "call_recording",
        "marketing_contact",
        "consent_record",
        "consent_evidence",
    }
    records = {"cookie_choice", "web_visit", "disclosure_record", "access_record", "rights_case", "rights_copy"}
    assert declaration().category_keys() - set(archive.categories) == {
        *elsewhere,
        *records,
        "breach_record",
    }


def test_d10_only_named_activities_read_the_archive():
    words = vocabulary().activities
    domain = {a.key for a in declaration().activities if a.reads_archive and not words[a.key].required}
    readers = {reader for archive in declaration().archives for reader in archive.readers}
    assert domain == {reader for reader in readers if not words[reader].required} | {"business_transfer"}


def test_d11_a_claim_holds_until_the_matter_is_closed():
    (hold,) = declaration().holds
    assert (hold.activity, hold.until) == ("claims_defence", "case_closed")
    assert {"correspondence", "id_case", "call_recording", "paid_claim"} <= set(hold.categories)


def test_d12_children_and_family():
    children = declaration().children
    assert (children.minimum_age, children.consent_age) == (18, 15)
    assert "consent" in grounds("family_services")
    readers = {a.key for a in declaration().activities if "family" in a.uses}
    assert readers == {
        "family_services",
        "card_blocking",
        "id_protection",
        "web_cleanup",
        "consent_management",
    }


def test_d13_gender_for_advice_and_anonymous_statistics_only():
    readers = {a.key for a in declaration().activities if "gender" in a.uses}
    assert readers == {"tailored_advice", "statistics"}
    assert grounds("tailored_advice") == {"legitimate_interest"}
    assert named(declaration().recipients, "aggregate_readers").only_aggregated


def test_d14_legitimate_interest_never_makes_the_first_contact():
    only_interest = [a for a in declaration().activities if {b.ground for b in a.basis} == {"legitimate_interest"}]
    assert {a.key for a in only_interest} == {
        "partner_usage_report",
        "tailored_advice",
        "statistics",
        "call_recording",
        "business_transfer",
        "consent_proof",
    }
    assert {a.key for a in only_interest if a.first_contact} == {"business_transfer"}  # notice is its safeguard
