"""A form is held to what the declaration says of it (A2)."""

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.declaration import forms


def test_a2_a_fact_that_a_form_s_activity_may_not_record_is_seen(live: Installation) -> None:
    assert live.states("forms", "rundtur", "forms.join_web") == {"kept"}
    fault = live.sees(
        "forms",
        "rundtur",
        "forms.join_web",
        "UPDATE parties_fact SET collected_under = 'membership_administration', category = 14"
        " WHERE kind = 'name.given' AND controller_id = (SELECT id FROM declaration_controller WHERE key = 'rundtur')",
        "UPDATE parties_fact SET category = 1 WHERE kind = 'name.given' AND category = 14",
    )
    assert "interest" in fault


def test_a2_a_form_that_no_page_asks_with_is_not_said_to_be_kept(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.states("forms", "trygghavn", "forms.advice") == {"kept"}
    monkeypatch.delitem(forms.FORMS, "advice")
    assert live.states("forms", "trygghavn", "forms.advice") == {"not_provable"}
