"""Releases that say something of few are seen (H14): the figures, the period, and whether they can still be changed."""

from collections.abc import Iterator

import pytest

from tests.privacy.prove.conftest import Installation

PATH = "minimum_group"


@pytest.fixture
def released(live: Installation) -> Iterator[int]:
    """A release of two figures; gone afterwards."""
    controller = live.controllers["nordkai"].pk
    row = live.owner.execute(
        'INSERT INTO disclosure_release (controller_id, measure, breakdown, start, "end", least, made_at)'
        " VALUES (%s, 'sales', '[\"store\"]', '2026-05-01', '2026-06-01', 10, now()) RETURNING id",
        [controller],
    ).fetchone()
    assert row is not None
    live.owner.execute(
        "INSERT INTO disclosure_release_cell (release_id, labels, people, lines, amount)"
        " VALUES (%s, '[\"1\"]', 10, 9, 900), (%s, '[\"*\"]', 15, 9, 900)",
        [row[0], row[0]],
    )
    try:
        yield row[0]
    finally:
        live.owner.execute("DELETE FROM disclosure_release_cell")
        live.owner.execute("DELETE FROM disclosure_release")


def test_h14_a_figure_of_few_is_seen(live: Installation, released: int) -> None:
    (proof,) = live.proofs("releases", controller="nordkai")
    assert (proof.finding.evidence["releases"], proof.finding.evidence["figures"]) == (1, 2)
    found = live.sees(
        "releases",
        "nordkai",
        PATH,
        "UPDATE disclosure_release_cell SET people = 5 WHERE people = 15",
        "UPDATE disclosure_release_cell SET people = 15 WHERE people = 5",
    )
    assert "fewer than the minimum group" in found


def test_h14_two_cuts_of_the_same_days_are_seen(live: Installation, released: int) -> None:
    live.owner.execute("ALTER TABLE disclosure_release DROP CONSTRAINT disclosure_release_once")
    try:
        found = live.sees(
            "releases",
            "nordkai",
            PATH,
            'INSERT INTO disclosure_release (controller_id, measure, breakdown, start, "end", least, made_at)'
            ' SELECT controller_id, measure, breakdown, start, "end" + 30, least, made_at FROM disclosure_release',
            "DELETE FROM disclosure_release WHERE \"end\" = '2026-07-01'",
        )
    finally:
        live.owner.execute(
            "ALTER TABLE disclosure_release ADD CONSTRAINT disclosure_release_once EXCLUDE USING gist"
            ' (controller_id WITH =, measure WITH =, (daterange(start, "end")) WITH &&)'
        )
    assert "share days" in found


def test_h14_releases_that_can_be_changed_are_seen(live: Installation, released: int) -> None:
    found = live.sees(
        "releases",
        "nordkai",
        PATH,
        "GRANT UPDATE ON disclosure_release_cell TO tillit_app",
        "REVOKE UPDATE ON disclosure_release_cell FROM tillit_app",
    )
    assert "may update" in found
