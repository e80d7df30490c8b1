"""Breaches of before stand in the case engine, under their own numbers, with every step and moment (H12)."""

from importlib import import_module

import psycopg
import pytest

from tests.conftest import TestDatabase
from tests.support.world import publish_examples
from tillit.privacy.models import Breach

MOVE = import_module("tillit.privacy.migrations.0008_breaches_are_matters").MOVE
BEFORE = """
CREATE TABLE privacy_breach (
  id bigint, controller_id int, reference text, key text, source text, drill bool, suspected_at timestamptz,
  known_at timestamptz, happened_from timestamptz, happened_until timestamptz, nature jsonb, categories jsonb,
  persons int, records int, crime bool, what text, consequences text, measures text, risk text, assessed_at timestamptz,
  due_at timestamptz, authority_at timestamptz, authority_reference text, late_because text, people_at timestamptz,
  people_not_because text, business_at timestamptz, police_at timestamptz, police_reference text,
  supplier_at timestamptz, intrusion text, supplier_said text, lessons text, closed_at timestamptz, closed_as text);
CREATE TABLE privacy_breach_step (breach_id bigint, number int, step text, at timestamptz, actor text, text text);
INSERT INTO privacy_breach VALUES (41, {controller}, '2026-001', NULL, 'staff', false, '2026-03-02 09:00+00',
  '2026-03-02 08:00+00', NULL, NULL, '["integrity"]', '["contact"]', 12, NULL, true, 'En fil', '', 'Rettet', 'high',
  '2026-03-02 10:00+00', '2026-03-05 08:00+00', '2026-03-03 08:00+00', '26/1', '', '2026-03-03 09:00+00', '', NULL,
  NULL, '', NULL, '', '', '', NULL, '');
INSERT INTO privacy_breach_step VALUES (41, 1, 'registered', '2026-03-02 09:00+00', 'staff:1', 'En fil'),
  (41, 2, 'assessed', '2026-03-02 10:00+00', 'staff:1', '')
"""


def test_h12_no_breach_and_no_step_is_lost_on_the_way_to_the_engine(fresh_db: TestDatabase) -> None:
    controller = publish_examples("accounting")["solvik"].pk
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute(BEFORE.replace("{controller}", str(controller)).encode())
        owner.execute(MOVE.encode())
        breach = Breach.objects.get()
        assert (breach.pk, breach.reference, breach.stage, breach.risk, breach.persons) == (
            41,
            "2026-001",
            "received",
            "high",
            12,
        )
        assert (breach.nature, breach.measures, breach.lessons, breach.police_at) == (["integrity"], "Rettet", "", None)
        assert breach.assessed_at is not None
        assert breach.assessed_at.isoformat() == "2026-03-02T10:00:00+00:00"
        assert breach.authority_at is not None
        assert list(breach.steps.order_by("number").values_list("step", flat=True)) == ["registered", "assessed"]
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute(MOVE.encode())
    assert (
        Breach.objects.create(
            controller_id=controller,
            kind="breach_matter",
            reference="x",
            source="staff",
            stage="received",
            suspected_at=breach.suspected_at,
        ).pk
        == 42
    ), "new numbers follow the moved ones"
