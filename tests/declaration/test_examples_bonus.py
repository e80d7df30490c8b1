"""The bonus coalition's declarations carry the promises of source 3 (C1–C17, A1, A4, H8 …), to the day."""

from functools import cache
from pathlib import Path

import pytest

from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration

FOLDER = Path(__file__).parents[2] / "examples" / "bonus"
CLUBS = ("nordkai", "skogheim")
ALL = ("rundtur", *CLUBS)

PERIODS = {
    ("identity", "relationship_ended", "P0D", "keep", "erase"),
    ("identity", "linked_data_gone", "P0D", "keep", "erase"),
    ("contact", "relationship_ended", "P0D", "keep", "erase"),
    ("contact", "linked_data_gone", "P0D", "keep", "erase"),
    ("identity", "superseded", "P1Y", "ceiling", "erase"),
    ("contact", "superseded", "P1Y", "ceiling", "erase"),
    ("birth_date", "relationship_ended", "P0D", "keep", "erase"),
    ("relationship", "relationship_ended", "P0D", "keep", "anonymise"),
    ("relationship", "relationship_ended", "P0D", "keep", "erase"),
    ("login", "relationship_ended", "P0D", "keep", "erase"),
    ("terms_acceptance", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_record", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_evidence", "relationship_ended", "P0D", "keep", "erase"),
    ("consent_evidence", "last_marketing_message", "P3Y", "keep", "erase"),
    ("marketing_contact", "consent_withdrawn", "P0D", "keep", "erase"),
    ("marketing_contact", "relationship_ended", "P0D", "ceiling", "erase"),
    ("marketing_contact", "address_failed", "P0D", "ceiling", "erase"),
    ("interest", "relationship_ended", "P0D", "keep", "erase"),
    ("payment_instrument", "relationship_ended", "P0D", "keep", "erase"),
    ("payment_instrument", "removed", "P30D", "ceiling", "erase"),
    ("purchase", "relationship_ended", "P0D", "keep", "anonymise"),
    ("purchase", "fiscal_year_end(purchased)", "P5Y", "minimum", "anonymise"),
    ("bonus", "relationship_ended", "P0D", "keep", "anonymise"),
    ("bonus", "fiscal_year_end(booked)", "P5Y", "minimum", "anonymise"),
    ("gift_card", "relationship_ended", "P0D", "keep", "anonymise"),
    ("gift_card", "fiscal_year_end(booked)", "P5Y", "minimum", "anonymise"),
    ("profile", "relationship_ended", "P0D", "keep", "erase"),
    ("profile", "superseded", "P0D", "ceiling", "erase"),
    ("complaint", "relationship_ended", "P0D", "keep", "erase"),
    ("complaint", "case_closed", "P0D", "keep", "erase"),
    ("misuse_case", "relationship_ended", "P0D", "keep", "erase"),
    ("misuse_case", "case_closed", "P0D", "keep", "erase"),
    ("enquiry", "relationship_ended", "P0D", "keep", "erase"),
    ("enquiry", "case_closed", "P0D", "keep", "erase"),
    ("message", "relationship_ended", "P0D", "keep", "erase"),
    ("message", "sent", "P1Y", "ceiling", "erase"),
    ("cookie_choice", "chosen", "P4W", "keep", "erase"),
    ("cookie_choice", "chosen", "P1Y", "keep", "erase"),
    ("web_visit", "visited", "P13M", "keep", "anonymise"),
    ("disclosure_record", "disclosed", "P3Y", "keep", "erase"),
    ("access_record", "looked", "P1Y", "keep", "erase"),
    ("rights_case", "case_closed", "P3Y", "keep", "erase"),
    ("rights_copy", "answered", "P30D", "keep", "erase"),
    ("breach_record", "case_closed", "P3Y", "keep", "erase"),
}


@cache
def declaration(key: str) -> Declaration:
    return load(FOLDER / f"{key}.yaml")[0]


each = pytest.mark.parametrize("key", ALL)


@each
def test_h10_every_period_of_the_programmes(key: str):
    rules = declaration(key).retention
    assert {(r.category, r.clock, r.period, r.rule, r.disposal) for r in rules} == PERIODS
    assert len({r.key for r in rules}) == len(rules) == len(PERIODS) + 2
    consents = {r.activity for r in rules if r.clock == "consent_withdrawn"}
    assert consents == {"marketing", "newsletter"}
    assert {r.category for r in rules} == declaration(key).category_keys()


@each
def test_a1_joint_register_with_the_operator_as_holder_and_contact_point(key: str):
    arrangement = declaration(key).controller.arrangement
    assert (arrangement.kind, arrangement.register_key, arrangement.holder) == ("joint", "rundtur", "rundtur")
    assert arrangement.parties == ALL
    assert arrangement.also_processor
    assert declaration(key).rights.contact == "privacy"
    privacy = next(p for p in declaration(key).controller.contact_points if p.key == "privacy")
    assert privacy.email == "personvern@rundtur.example"


@pytest.mark.parametrize("key", CLUBS)
def test_a1_a_club_may_be_approached_directly_and_has_the_operator_as_processor(key: str):
    assert "club" in {point.key for point in declaration(key).controller.contact_points}
    processors = {p.key: p for p in declaration(key).processors}
    assert processors["rundtur"].under is None
    assert processors["fjellvegg"].under == "rundtur"


@each
def test_a8_processor_chain_stays_in_the_eea(key: str):
    processors = {p.key: p for p in declaration(key).processors}
    assert len(processors) == (6 if key == "rundtur" else 7)
    assert processors["granittlager"].under == "fjellvegg"
    assert {p.country for p in processors.values()} == {"NO", "SE"}
    assert declaration(key).transfers == ()


@each
def test_c1_private_persons_over_16_join_by_web_sms_or_reception(key: str):
    one = declaration(key)
    assert (one.children.minimum_age, one.children.consent_age) == (16, 16)
    assert one.programme is not None
    assert one.programme.minimum_age == 16
    forms = {form.key: form for form in one.forms}
    for form in ("join_web", "join_sms", "join_reception"):
        assert {"identity", "contact", "birth_date", "terms_acceptance"} <= set(forms[form].collects)
    assert {c.key for c in one.categories if c.mandatory} == {
        "identity",
        "contact",
        "birth_date",
        "terms_acceptance",
    }


@each
def test_c4_cards_are_jointly_held_and_recorded_only_where_they_must(key: str):
    writers = {a.key for a in declaration(key).activities if "payment_instrument" in a.records}
    assert writers == {"bonus_earning", "self_service"}
    assert not any("payment_instrument" in r.categories for r in declaration(key).recipients if r.kind == "partner")


@each
def test_c7_c9_programme_terms(key: str):
    programme = declaration(key).programme
    assert programme is not None
    assert programme.validity == "year_and_next"
    assert programme.warn_before_expiry == "P30D"
    assert programme.rounding == "half_up"
    assert programme.only_in_earning_chain
    assert not programme.cash_earns


@each
def test_c16_profiling_rests_on_a_balanced_interest_and_marketing_on_consent(key: str):
    one = declaration(key)
    grounds = {a.key: [b.ground for b in a.basis] for a in one.activities}
    assert grounds["profiling"] == ["legitimate_interest"]
    assert grounds["marketing"] == grounds["newsletter"] == grounds["message_measurement"] == ["consent"]
    assert grounds["bonus_earning"] == grounds["bonus_use"] == ["contract"]
    for activity in one.activities:
        for basis in activity.basis:
            assert basis.ground != "legitimate_interest" or (basis.interest and basis.balancing)
            assert basis.ground != "legal_obligation" or basis.law


@each
def test_c17_leaving_keeps_only_books_and_open_cases(key: str):
    minimums = [r for r in declaration(key).retention if r.rule == "minimum"]
    assert {r.category for r in minimums} == {"purchase", "bonus", "gift_card"}
    assert {r.activity for r in minimums} == {"bookkeeping"}
    (hold,) = declaration(key).holds
    assert hold.until == "case_closed"


@each
def test_f9_no_marketing_without_an_account_newsletters_aside(key: str):
    marketing = declaration(key).activity("marketing")
    newsletter = declaration(key).activity("newsletter")
    assert marketing is not None
    assert newsletter is not None
    assert marketing.requires_account
    assert set(marketing.channels) == {"email", "sms", "post", "web"}
    assert set(newsletter.applies_to) == {"member", "subscriber"}


@each
def test_g1_g2_cookies_one_by_one(key: str):
    cookies = declaration(key).cookies
    assert cookies.choice_lives == "P4W"
    assert cookies.respects_gpc
    assert {(c.name, c.kind, c.life.type, c.life.period) for c in cookies.items} == {
        ("tillit_session", "necessary", "rolling", "P1D"),
        ("tillit_csrf", "necessary", "fixed", "P1Y"),
        ("tillit_no_visits", "necessary", "fixed", "P1Y"),
        ("tillit_language", "necessary", "session", None),
        ("tillit_cookie_choice", "necessary", "fixed", "P4W"),
        ("tillit_remember", "own", "rolling", "P30D"),
        ("tillit_offers_seen", "ads", "fixed", "P3M"),
        (f"/{key}/app/worker.js", "necessary", "until_removed", None),
        (f"tillit-{key}-frame", "necessary", "until_removed", None),
        (f"tillit-{key}-kept", "necessary", "fixed", "P1M"),
    }


@each
def test_g3_visits_are_counted_by_ourselves(key: str):
    statistics = declaration(key).visit_statistics
    assert statistics is not None
    assert (statistics.individual, statistics.aggregates) == ("P13M", "unlimited")
    assert statistics.address_truncated


@each
def test_h8_a4_deadlines_and_changes(key: str):
    one = declaration(key)
    assert one.rights.answer_within == "P30D"
    assert one.rights.authority == "Datatilsynet"
    assert one.changes.acceptance == "continued_use"
    assert one.changes.notice == "P30D"
    assert one.changes.material_by == ("email", "sms", "notice")


@each
def test_h11_h12_backup_and_breach(key: str):
    one = declaration(key)
    assert (one.backup.every, one.backup.kept) == ("P1D", "P1Y")
    assert one.backup.readers == ("it_operations",)
    assert one.breach.authority_within_hours == 72
    assert one.breach.police_report


@each
def test_h13_h14_recipients_and_anonymous_sharing(key: str):
    recipients = {r.key: r for r in declaration(key).recipients}
    assert len(recipients) == 8
    assert recipients["aggregate_users"].only_aggregated
    assert [r.key for r in recipients.values() if r.only_aggregated] == ["aggregate_users"]
    assert declaration(key).minimum_group == 10
    transfer = declaration(key).activity("business_transfer")
    assert transfer is not None
    assert transfer.recipients == ("business_successor",)
    assert {"email", "sms"} <= set(transfer.channels)


@each
def test_a3_every_text_stands_in_both_languages(key: str):
    def texts(node: object) -> list[dict[str, str]]:
        if isinstance(node, dict):
            if "nb" in node or "en" in node:
                return [node]
            return [t for value in node.values() for t in texts(value)]
        return [t for value in node for t in texts(value)] if isinstance(node, (list, tuple)) else []

    found = texts(declaration(key).model_dump())
    assert len(found) > 150
    assert all(text.get("nb") and text.get("en") and text["nb"] != text["en"] for text in found)
