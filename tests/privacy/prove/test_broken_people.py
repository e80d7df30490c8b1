"""The dead, protected addresses, the population register; measures, partners and measuring: what goes wrong is seen."""

from tests.privacy.prove.conftest import Installation
from tillit.journeys import deceased, protected
from tillit.kernel import clock
from tillit.kernel.scope import system


def test_a7_a_protected_address_in_clear_is_seen(live: Installation) -> None:
    controller, kari = live.controllers["lyngheim"], live.people["lyngheim", "Kari"]
    actor = system("test", {controller.pk})
    with live.undone("parties_fact"):
        where = {"actor": actor, "controller": controller, "subject_id": kari}
        protected.set_level(**where, level="confidential", source="data_subject")
        found = live.sees(
            "domains",
            "lyngheim",
            "staff_access.protected_for",
            "UPDATE parties_fact SET kind = 'address.street' WHERE kind = 'name.given' AND subject_id ="
            " (SELECT subject_id FROM parties_fact WHERE kind = 'address.protection')",
            "UPDATE parties_fact SET kind = 'name.given' WHERE kind = 'address.street'",
        )
    assert "stand in clear" in found


def test_a7_the_dead_who_can_sign_in_and_are_written_to_are_seen(live: Installation) -> None:
    controller, ola = live.controllers["fjordlys"], live.people["fjordlys", "Ola"]
    actor = system("test", {controller.pk})
    where = {"actor": actor, "controller": controller, "subject_id": ola, "at": clock.now()}
    deceased.record_death(**where, day=clock.today(), source="third_party")
    for break_it, mend_it, fault in (
        ("UPDATE parties_login SET is_active = true WHERE subject_id = {0}",
         "UPDATE parties_login SET is_active = false WHERE subject_id = {0}", "ways in"),
        ("UPDATE parties_relationship SET ended = NULL WHERE subject_id = {0}",
         "UPDATE parties_relationship SET ended = current_date WHERE subject_id = {0}", "relationships"),
    ):  # fmt: skip
        statements = (text.format(ola) for text in (break_it, mend_it))
        assert fault in live.sees("domains", "fjordlys", "activities.important_notices", *statements)
    deceased.undo_death(**where)


def test_a7_facts_without_their_source_and_people_left_waiting_are_seen(live: Installation) -> None:
    path = "activities.population_register_check"
    fjordlys = live.controllers["fjordlys"].pk
    for break_it, mend_it, fault in (
        ("UPDATE parties_fact SET collected_under = 'population_register_check' WHERE controller_id = {0}",
         "UPDATE parties_fact SET collected_under = 'customer_administration' WHERE controller_id = {0}", "source"),
        ("INSERT INTO registers_check (subject_id, controller_id, state, source, wanted_at, reason, tries, outcome)"
         " SELECT subject_id, controller_id, 0, 'population_register', now() - interval '8 days', 'event', 0, ''"
         " FROM parties_relationship WHERE controller_id = {0}", "DELETE FROM registers_check", "waited"),
        ("INSERT INTO registers_feed (controller_id, source, sequence, read, ours, unreadable, failure, tries, run_at)"
         " VALUES ({0}, 'population_register', 0, 0, 0, 0, 'register-busy', 1, now() - interval '4 days')",
         "DELETE FROM registers_feed", "not been read"),
    ):  # fmt: skip
        statements = (text.format(fjordlys) for text in (break_it, mend_it))
        assert fault in live.sees("domains", "fjordlys", path, *statements)


def test_h18_a_measure_is_not_said_to_be_kept_when_what_carries_it_is_broken(live: Installation) -> None:
    why = live.sees(
        "measures",
        "solvik",
        "security.stored_apart",
        "ALTER TABLE parties_fact DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE parties_fact ENABLE ROW LEVEL SECURITY",
    )
    assert "row security is switched off" in why


def test_d14_what_is_held_on_an_interest_alone_and_seen_by_who_writes_first_is_seen(live: Installation) -> None:
    company, kari = live.controllers["trygghavn"].pk, live.people["trygghavn", "Kari"]
    with live.undone("parties_fact", "declaration_grant"):
        live.owner.execute(
            "INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under,"
            " collected_at) VALUES (%s, %s, 4, 'gender', 'x', 'data_subject', 'tailored_advice', now())",
            [kari, company],
        )
        assert live.states("first_contact", "trygghavn") == {"kept"}
        live.owner.execute(
            "INSERT INTO declaration_grant (controller_id, row_controller_id, activity, category, rights)"
            " VALUES (%(c)s, %(c)s, 'marketing', 4, 1)",
            {"c": company},
        )
        (proof,) = live.proofs("first_contact", controller="trygghavn")
        assert proof.finding.why == "marketing reads 1 rows of gender in parties_fact"
    assert live.states("first_contact", "trygghavn") == {"kept"}


def test_f4_d1_opens_without_a_yes_and_reports_to_a_partner_without_a_ground_are_seen(live: Installation) -> None:
    fjordlys, trygghavn = live.controllers["fjordlys"].pk, live.controllers["trygghavn"].pk
    opened = (
        "INSERT INTO messages_use (subject_id, controller_id, message_id, campaign_id, target, at)"
        f" VALUES ({live.people['fjordlys', 'Kari']}, {fjordlys}, 1, 1, '', now())"
    )
    path = "activities.message_measurement"
    assert "had not said yes" in live.sees("domains", "fjordlys", path, opened, "DELETE FROM messages_use")
    reported = (
        "INSERT INTO disclosure_disclosure (subject_id, controller_id, reference, recipient, recipient_kind, party,"
        " activity, ground, fields, country, transfer_ground, declaration_version, disclosed_at, route, wording)"
        f" VALUES ({live.people['trygghavn', 'Kari']}, {trygghavn}, gen_random_uuid(), 'reported_partner', 'partner',"
        " 'havforbund', 'partner_usage_report', 'legitimate_interest', '{}', 'NO', '', 1, now(), '', '')"
    )
    path = "activities.partner_usage_report"
    assert "no ground" in live.sees("domains", "trygghavn", path, reported, "DELETE FROM disclosure_disclosure")


def test_d1_d13_partners_asked_off_the_record_and_advice_against_an_objection_are_seen(live: Installation) -> None:
    trygghavn, kari = live.controllers["trygghavn"], live.people["trygghavn", "Kari"]
    looked = f"UPDATE audit_event SET {{0}} WHERE type = {{1}} AND subject_id = {kari}"

    def becomes(kind: str, details: str) -> tuple[str, str]:
        """A look of a colleague that was something else, and what makes it that look again."""
        was = """type = 'person.read', details = '{"purpose": "enquiry", "categories": ["identity"]}',"""
        return (
            looked.format(f"type = '{kind}', details = '{details}', at = at + interval '1 hour'", "'person.read'"),
            looked.format(f"{was} at = at - interval '1 hour'", f"'{kind}'"),
        )

    asked = becomes("entitlement.asked", '{"partner": "fjordbank", "answer": "yes"}')
    path = "activities.entitlement_check"
    assert "without a disclosure" in live.sees("domains", "trygghavn", path, *asked)
    stranger = (
        "INSERT INTO disclosure_disclosure (subject_id, controller_id, reference, recipient, recipient_kind, party,"
        " activity, ground, fields, country, transfer_ground, declaration_version, disclosed_at, route, wording)"
        f" VALUES ({kari}, {trygghavn.pk}, gen_random_uuid(), 'entitling_partner', 'partner', 'ukjent',"
        " 'entitlement_check', 'contract', '{}', 'NO', '', 1, now(), '', '')"
    )
    gone = "DELETE FROM disclosure_disclosure WHERE party = 'ukjent'"
    assert "who is no partner" in live.sees("domains", "trygghavn", path, stranger, gone)
    path = "activities.tailored_advice"
    advised = becomes("person.read", '{"purpose": "tailored_advice", "categories": ["gender"]}')
    live.owner.execute(advised[0])
    assert live.states("domains", "trygghavn", path) == {"kept"}, "who does not object may be advised"
    live.owner.execute(advised[1])
    objects = (
        "INSERT INTO consent_choice (subject_id, controller_id, activity, channel, consented, objected, since)"
        f" VALUES ({kari}, {trygghavn.pk}, 'tailored_advice', '', false, true, now() - interval '1 day')"
    )
    live.owner.execute(objects)
    assert "against an objection" in live.sees("domains", "trygghavn", path, *advised)
    live.owner.execute("DELETE FROM consent_choice WHERE activity = 'tailored_advice'")
    more = becomes("person.read", '{"purpose": "tailored_advice", "categories": ["gender", "contact"]}')
    assert "more than gender" in live.sees("domains", "trygghavn", path, *more)
