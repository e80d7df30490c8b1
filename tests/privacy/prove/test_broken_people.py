"""The dead, protected addresses and the population register (A7): what goes wrong is seen."""

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
