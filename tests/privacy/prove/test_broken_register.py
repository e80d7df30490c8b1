"""Memberships that nobody has, members without one, files that nobody approves: all seen (B1)."""

from datetime import date

from tests.privacy.prove.conftest import Installation
from tillit.kernel.scope import Scope, system
from tillit.membership import enrolment, structure

PATH = "activities.register_import"
COVER = (
    "INSERT INTO membership_cover (subject_id, controller_id, state, agreement_id, starts, source, collected_under)"
    " VALUES ({0}, {1}, 0, 1, '2020-01-01', 'union', 'register_import')"
)
FILE = (
    "INSERT INTO membership_file (controller_id, name, digest, {0}, state, described, received_at, counts, fields,"
    " quarantined) VALUES ({1}, 'f.csv', '', true, 'waiting', '', now() - interval '{2} days', '{{}}', '{{}}', 0)"
)


def test_b1_a_register_that_is_not_in_order_is_seen(live: Installation) -> None:
    union = live.controllers["lyngheim"]
    kari, ola = live.people["lyngheim", "Kari"], live.people["lyngheim", "Ola"]
    structure.keep_type(controller_id=union.pk, key="A", name="Yrkesaktiv")
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        enrolment.begin(
            scope=scope, subject_id=kari, controller_id=union.pk, terms=enrolment.Terms("A"), joined=date(2020, 1, 1),
            source="union",
        )  # fmt: skip
    mine = f"WHERE subject_id = {kari} AND controller_id = {union.pk}"
    tie, period = f"UPDATE parties_relationship SET {{0}} {mine}", f"UPDATE membership_period SET {{0}} {mine}"
    ends = "ends = '2021-01-01', end_reason = 'resigned'"
    for break_it, mend_it, fault in (
        (tie.format("ended = '2026-02-01'"), tie.format("ended = NULL"), "of people who are no members"),
        (period.format(ends), period.format("ends = NULL, end_reason = ''"), "whose memberships have ended"),
        (COVER.format(ola, union.pk), "DELETE FROM membership_cover", "without a membership"),
        (period.format("type_id = type_id + 1000"), period.format("type_id = type_id - 1000"), "does not have"),
        (FILE.format('"full"', union.pk, 8), "DELETE FROM membership_file", "for more than a week"),
    ):
        assert fault in live.sees("domains", "lyngheim", PATH, break_it, mend_it)
    live.owner.execute(FILE.format('"full"', union.pk, 6))
    assert live.states("domains", "lyngheim", PATH) == {"kept"}
