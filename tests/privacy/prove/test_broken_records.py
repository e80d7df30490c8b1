"""What repeats or records a declaration is changed behind its back, and a job carries more than a name: all is seen."""

from datetime import timedelta

import pytest

from tests.privacy.prove.conftest import Installation, as_admin
from tillit.bonus import offers, programmes, rates
from tillit.bonus.models import Programme
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.purchases.models import Chain


def _why(live: Installation, kind: str, controller: str) -> list[str]:
    return [fault for proof in live.proofs(kind, controller=controller) for fault in proof.finding.faults]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("source_text = source_text || '# tampered'", "the file of version 1 was changed after it was published"),
        (
            "document = jsonb_set(document, '{introduction,nb}', '\"x\"'), digest = repeat('0', 64)",
            "version 1 was changed after it was published",
        ),
    ],
)
def test_a3_a_version_or_its_file_rewritten_is_seen(live: Installation, change: str, why: str) -> None:
    solvik = live.controllers["solvik"].pk
    assert live.states("statement", "solvik") == {"kept"}
    with live.undone("declaration_version"):
        live.owner.execute(f"UPDATE declaration_version SET {change} WHERE controller_id = {solvik}")
        assert why in _why(live, "statement", "solvik")
        assert live.states("statement", "rundtur") == {"kept"}
    assert live.states("statement", "solvik") == {"kept"}


def test_a3_a_version_rewritten_with_its_digest_is_seen_by_the_trail(live: Installation) -> None:
    rundtur = live.controllers["rundtur"].pk
    with live.undone("declaration_version"):
        live.owner.execute(
            "UPDATE declaration_version SET (document, digest) ="
            " (SELECT document, digest FROM declaration_version v WHERE v.controller_id = %s)"
            " WHERE controller_id = %s",
            [live.controllers["nordkai"].pk, rundtur],
        )
        assert "version 1 was changed after it was published" in _why(live, "statement", "rundtur")
    assert live.states("statement", "rundtur") == {"kept"}


def test_a1_a_controller_that_is_called_something_else_is_seen(live: Installation) -> None:
    name = live.controllers["solvik"].name.replace("'", "''")
    why = live.sees(
        "statement",
        "solvik",
        None,
        "UPDATE declaration_controller SET name = 'En annen' WHERE key = 'solvik'",
        f"UPDATE declaration_controller SET name = '{name}' WHERE key = 'solvik'",
    )
    assert why == "declaration_controller: another name than declared"


@pytest.mark.parametrize(
    ("broken", "mended", "term"),
    [
        ("validity = 'months', validity_months = 1", "validity = 'year_and_next', validity_months = NULL", "validity"),
        ("rounding = 'down'", "rounding = 'half_up'", "rounding"),
    ],
)
def test_c7_a_programme_that_is_not_the_declared_one_is_seen_and_brought_back(
    live: Installation, broken: str, mended: str, term: str
) -> None:
    controller = live.controllers["nordkai"]
    with Scope(system("test", {controller.pk}), "bonus_earning"):
        chain, _ = Chain.objects.get_or_create(
            key="nordkai-prov", defaults={"controller": controller, "name": "Prøve", "currency": "NOK"}
        )
        programme = programmes.set_up(chain=chain, on=clock.today())
    update = f"UPDATE bonus_programme SET {{}} WHERE id = {programme.pk}"
    why = live.sees("terms", "nordkai", None, update.format(broken), update.format(mended))
    assert why == f"bonus_programme: programme {programme.pk} has another {term} than declared"
    live.owner.execute(update.format(broken))
    programmes.follow_declarations()
    assert live.states("terms", "nordkai") == {"kept"}
    assert Programme.objects.get(pk=programme.pk).validity == "year_and_next"


def test_c11_c14_an_offer_that_gave_more_than_it_notes_is_seen(live: Installation) -> None:
    controller = live.controllers["nordkai"]
    with Scope(system("test", {controller.pk}), "bonus_earning"):
        chain, _ = Chain.objects.get_or_create(
            key="nordkai-prov", defaults={"controller": controller, "name": "Prøve", "currency": "NOK"}
        )
        programmes.set_up(chain=chain, on=clock.today())
    gift, when = offers.Gift("rate", basis_points=100), rates.When(clock.now())
    offer = offers.make(chain_id=chain.pk, key="prov", name="Prøve", gift=gift, when=when)
    subject = live.owner.execute("SELECT id FROM parties_subject ORDER BY id LIMIT 1").fetchone()
    assert subject is not None
    with live.undone("bonus_offer_unit"):
        live.owner.execute(
            "INSERT INTO bonus_offer_unit (subject_id, controller_id, offer_id, unit, expires_on, given)"
            " VALUES (%s, %s, %s, gen_random_uuid(), '2030-01-01', 100)",
            [subject[0], controller.pk, offer.pk],
        )
        assert _why(live, "terms", "nordkai") == [
            f"bonus_offer: offer {offer.pk} gave more than is noted",
            f"bonus_offer: offer {offer.pk} notes more for somebody than was posted",
        ]
    assert live.states("terms", "nordkai") == {"kept"}


def test_c9_c11_vouchers_and_gift_cards_that_are_not_what_the_ledger_holds_are_seen(live: Installation) -> None:
    controller = live.controllers["nordkai"]
    with Scope(system("test", {controller.pk}), "bonus_earning"):
        chain, _ = Chain.objects.get_or_create(
            key="nordkai-prov", defaults={"controller": controller, "name": "Prøve", "currency": "NOK"}
        )
        programmes.set_up(chain=chain, on=clock.today())
    subject = live.owner.execute("SELECT id FROM parties_subject ORDER BY id LIMIT 1").fetchone()
    assert subject is not None
    with live.undone("bonus_voucher"):
        live.owner.execute(
            "INSERT INTO bonus_voucher (subject_id, controller_id, chain_id, amount, currency, nonce, status, made_at,"
            " valid_until, reference) VALUES (%s, %s, %s, 100, 'NOK', gen_random_uuid(), 'open', %s, %s, '')",
            [subject[0], controller.pk, chain.pk, clock.now() - timedelta(hours=4), clock.now() - timedelta(hours=2)],
        )
        assert _why(live, "terms", "nordkai") == [
            "bonus_voucher: 1 people have set aside another amount than their open vouchers come to",
            "bonus_voucher: 1 vouchers were not given back an hour after their time",
        ]
    assert live.states("terms", "nordkai") == {"kept"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_min_error_statement", "error"),
        ("log_parameter_max_length", "-1"),
        ("log_error_verbosity", "default"),
        ("session_replication_role", "replica"),
        ("row_security", "off"),
    ],
)
def test_h18_a_server_that_logs_what_is_asked_or_puts_rules_aside_is_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    """Set in the administrator's transaction only: a server's log is everybody's."""
    with as_admin(live, monkeypatch) as admin:
        assert live.states("server", "solvik") == {"kept"}
        admin.execute("SELECT set_config(%s, %s, true)", [setting, value])
        assert _why(live, "server", "solvik") == [f"the server's setting {setting} is another one"]


@pytest.mark.parametrize(
    ("task", "carried"),
    [
        ("x", '{"name": "retention"}'),
        ("tillit.faces.jobs.tasks.run", '{"name": "kari@eksempel.example"}'),
        ("tillit.faces.jobs.tasks.run", '{"name": "retention", "card": 4925000000000004}'),
        ("tillit.faces.jobs.tasks.dispatch", '{"timestamp": 4925000000000004}'),
    ],
)
def test_a6_a_job_that_carries_more_than_a_name_is_seen_and_not_repeated(
    live: Installation, task: str, carried: str
) -> None:
    live.owner.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default',"
        " 'tillit.faces.jobs.tasks.run', '{\"name\": \"retention\"}')"
    )
    why = live.sees(
        "undeclared",
        "solvik",
        None,
        f"INSERT INTO procrastinate_jobs (queue_name, task_name, args, priority)"
        f" VALUES ('default', '{task}', '{carried}', 77)",
        "DELETE FROM procrastinate_jobs WHERE priority = 77",
    )
    assert why.endswith("carries more than a job's name")
