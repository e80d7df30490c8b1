"""People kept without what they are kept for, facts from elsewhere, permissions nothing shows: all seen."""

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.queries import current
from tillit.declaration.registry import DOMAIN_CHECKS
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

TIE = (
    "INSERT INTO parties_relationship (subject_id, controller_id, kind, started, end_reason, recorded_at)"
    " VALUES ({0}, {1}, '{2}', '2026-01-01', '', now() - interval '3 days')"
)


def _promised(live: Installation, check: str) -> tuple[str, str]:
    """A controller whose declaration promises it, and where."""
    for key, controller in sorted(live.controllers.items()):
        if path := DOMAIN_CHECKS[check].promised(current(controller_id=controller.pk, on=clock.today())):
            return key, path
    raise AssertionError(check)


@pytest.mark.parametrize(
    ("check", "kind"),
    [("recruitment", "applicant"), ("seminars", "seminar_participant"), ("competitions", "visitor")],
)
def test_h10_somebody_kept_for_nothing_any_more_is_seen(live: Installation, check: str, kind: str) -> None:
    key, path = _promised(live, check)
    person, here = live.people[key, "Ola"], live.controllers[key].pk
    gone = f"DELETE FROM parties_relationship WHERE kind = '{kind}'"
    assert "without any" in live.sees("domains", key, path, TIE.format(person, here, kind), gone)


@pytest.mark.parametrize(
    ("check", "activity"), [("address_register", "enrichment"), ("population_register", "population_register_check")]
)
def test_f6_a7_a_fact_of_a_register_from_elsewhere_is_seen(live: Installation, check: str, activity: str) -> None:
    key, path = _promised(live, check)
    where = f"WHERE subject_id = {live.people[key, 'Kari']} AND kind = 'name.given'"
    under = live.owner.execute(f"SELECT collected_under FROM parties_fact {where}").fetchone()
    assert under is not None
    why = live.sees(
        "domains",
        key,
        path,
        f"UPDATE parties_fact SET collected_under = '{activity}' {where}",
        f"UPDATE parties_fact SET collected_under = '{under[0]}' {where}",
    )
    assert "another source" in why or "may not record" in why


def test_f1_a_permission_that_nothing_shows_or_without_its_words_is_seen(live: Installation) -> None:
    key, path = _promised(live, "permissions")
    here = live.controllers[key].pk
    assert live.states("domains", key, path) == {"kept"}
    with live.undone("consent_event", "consent_choice"):
        with Scope(system("test", {here}), "consent_management") as scope:
            consent.record(
                scope=scope,
                subject_id=live.people[key, "Kari"],
                controller_id=here,
                activity=path.split(".")[1],
                kind=EventKind.GIVEN,
                route="partner",
                wording="7" * 64,
                at=clock.now(),
                channel="email",
                evidence="partner: ?",
            )
        (found,) = [one.finding for one in live.proofs("domains", controller=key) if one.promise.path == path]
    assert found.faults == ("1 permissions without what shows them", "1 permissions without their words")


def test_f11_a_customer_without_an_address_who_was_never_asked_is_seen(live: Installation) -> None:
    key, path = _promised(live, "missing_contact")
    person, here = live.people[key, "Kari"], live.controllers[key].pk
    tie = f"parties_relationship SET started = {{0}}, recorded_at = {{1}} WHERE subject_id = {person}"
    mails = f"parties_fact SET kind = '{{0}}' WHERE subject_id = {person} AND kind = '{{1}}'"
    why = live.sees(
        "domains",
        key,
        path,
        "UPDATE " + tie.format("'2020-01-01'", "'2020-01-01'") + f" AND controller_id = {here}; "
        "UPDATE " + mails.format("phone.other", "email"),
        "UPDATE " + tie.format("current_date", "now()") + f" AND controller_id = {here}; "
        "UPDATE " + mails.format("email", "phone.other"),
    )
    assert "have not been asked for one" in why
