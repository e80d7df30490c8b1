"""Visits kept too long, a salt that lives on, an address among them: all seen (G3)."""

from tests.privacy.prove.conftest import Installation

PATH = "visit_statistics"
HIT = (
    'INSERT INTO visits_hit (controller_id, at, day, visitor, "left", seconds, page, source, keyword, campaign, device,'
    " browser, country, keep_until)"
    " VALUES ({0}, now(), current_date, 1, false, 0, {1}, '', '', '', 'phone', '', '', {2})"
)


def test_g3_views_kept_too_long_salts_that_live_and_addresses_among_views_are_seen(live: Installation) -> None:
    union = live.controllers["lyngheim"].pk
    for break_it, mend_it, fault in (
        (HIT.format(union, "'/'", "now() - interval '3 days'"), "DELETE FROM visits_hit", "beyond what is declared"),
        (HIT.format(union, "'/kari@post.example'", "now() + interval '1 day'"), "DELETE FROM visits_hit", "an address"),
        ("INSERT INTO visits_salt VALUES (current_date - 3, 'x')", "DELETE FROM visits_salt", "not destroyed"),
    ):
        assert fault in live.sees("domains", "lyngheim", PATH, break_it, mend_it)
