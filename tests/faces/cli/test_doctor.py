"""`tillit doctor` finds what is wrong with an installation, says what to do, and changes nothing."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.support.gone import database_gone
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run
from tillit.faces.doctor import examine
from tillit.faces.jobs.models import LastRun
from tillit.faces.jobs.tasks import JOBS
from tillit.kernel import clock
from tillit.platform import database, secret_marks
from tillit.privacy.backup import places
from tillit.privacy.models import ProofRun

Captured = pytest.CaptureFixture[str]


def _found(name: str) -> tuple[str, str]:
    (one,) = [one for one in examine() if one.name == name]
    return one.state, one.said


def _jobs_ran(ago: timedelta) -> None:
    LastRun.objects.all().delete()
    LastRun.objects.bulk_create(LastRun(name=name, at=clock.now() - ago) for name in JOBS)


def _dump(kind: Any, ago: timedelta) -> None:
    places.folder(kind).mkdir(parents=True, exist_ok=True)
    (places.folder(kind) / places.name(kind, database.place().name, clock.now() - ago)).write_bytes(b"x")


def test_an_installation_is_looked_at_whole_and_told_in_three_forms(
    fresh_db: Any, capsys: Captured, settings: Any
) -> None:
    secret_marks.remember(database.place(fresh_db.name))
    assert run(["doctor"]) == 1  # no job has run, nothing is backed up
    told = capsys.readouterr().out
    assert re.search(r"WRONG +worker +tillit work has never run", told)
    assert re.search(r"ok +database ", told)
    _jobs_ran(timedelta(minutes=1))
    _dump("dump", timedelta(hours=20))
    _dump("keys", timedelta(minutes=30))
    settings.EMAIL_BACKEND = "tillit.messages.mail_folder.EmailBackend"
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://tillit.example", ["tillit.example"]
    assert run(["doctor", "--json"]) == 0
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert [name for name, one in findings.items() if one["state"] == "wrong"] == []
    assert {"var", "secrets", "tables", "roles", "secrets-fit", "clocks", "worker", "newest-dump", "journal"} <= {
        name for name, one in findings.items() if one["state"] == "ok" or name == "var"
    }
    assert findings["newest-dump"]["figures"]["age_seconds"] == pytest.approx(20 * 3600, abs=300)
    assert run(["doctor", "--prometheus"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'tillit_doctor_state{check="worker"} 0' in lines
    assert all(re.fullmatch(r'# .+|tillit_doctor_\w+\{check="[a-z-]+"\} [-+.e\d]+', line) for line in lines)


def _tampered(fresh_db: Any, statement: str) -> Callable[[], None]:
    def tamper() -> None:
        with fresh_db.connect("owner", autocommit=True) as owner:
            owner.execute(statement)

    return tamper


def test_what_is_wrong_in_the_database_is_found(fresh_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _found("tables") == ("ok", "up to date")
    _tampered(fresh_db, "DELETE FROM django_migrations WHERE app = 'jobs'")()
    assert _found("tables")[1].endswith("run tillit migrate")
    _tampered(
        fresh_db,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('jobs', '0001_initial', now()),"
        " ('parties', '9999_later', now())",
    )()
    state, said = _found("tables")
    assert (state, "later Tillit" in said) == ("wrong", True) or "migrations have not been run" in said
    assert _found("failed-jobs")[0] == "ok"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, priority, lock, queue_name, args, status, attempts) VALUES"
            " ('run', 0, 'x', 'default', '{\"name\": \"retention\"}', 'failed', 1)"
        )
    assert _found("failed-jobs") == ("warning", "1 × retention: see the worker's log")
    _jobs_ran(timedelta(minutes=30))
    assert _found("worker")[0] == "wrong"
    _jobs_ran(timedelta(minutes=1))
    LastRun.objects.filter(name="outbox").update(at=clock.now() - timedelta(hours=1))
    assert _found("worker") == ("warning", "late: outbox")
    assert _found("newest-dump")[0] == "wrong"
    _dump("dump", timedelta(days=3))
    assert _found("newest-dump")[0] == "wrong"
    _dump("dump", timedelta(hours=3))
    assert _found("newest-dump")[0] == "ok"
    secret_marks.remember(database.place(fresh_db.name))
    assert _found("secrets-fit")[0] == "ok"
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION", "A" * 43 + "=")
    assert "key_encryption" in _found("secrets-fit")[1]


@pytest.mark.django_db
def test_a_broken_promise_and_a_controller_without_declaration_are_told() -> None:
    assert _found("declarations")[0] in {"warning", "ok"}
    from tests.support.world import publish_examples

    publish_examples("bonus")
    one = Controller.objects.get(key="nordkai")
    assert _found("proof-nordkai") == ("warning", "none yet: run tillit prove")
    ProofRun.objects.create(controller_id=one.pk, at=clock.now(), kept=10, broken=2, not_provable=0)
    assert _found("proof-nordkai") == ("wrong", "2 promises broken: run tillit prove")


@pytest.mark.django_db
def test_settings_that_lead_nowhere_are_told(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("x")
    wrong = {
        "hosts": {"ALLOWED_HOSTS": ["*"]},
        "site-url": {"SITE_URL": "http://tillit.example"},
        "debug": {"DEBUG": True},
        "mail": {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"},
        "geography": {"GEOGRAPHY": str(tmp_path / "none.csv")},
        "certificate-frende": {"INSURER_CERTIFICATES": f"frende={tmp_path / 'no.pem'}"},
        "ownership-check": {"OWNERSHIP_CHECK": "no.such.function"},
    }
    for name, changed in wrong.items():
        before = {key: getattr(settings, key) for key in changed}
        for key, value in changed.items():
            setattr(settings, key, value)
        assert _found(name)[0] == "wrong", name
        for key, value in before.items():
            setattr(settings, key, value)


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TILLIT_BACKUPS", str(tmp_path / "file" / "dumps"))
    assert _found("backup-dump") == ("wrong", f"{tmp_path / 'file'} cannot be written")


def test_without_a_database_the_rest_is_told(django_db_setup: None, django_db_blocker: Any, capsys: Captured) -> None:
    with django_db_blocker.unblock(), database_gone():
        assert run(["doctor", "--json"]) == 1
    told = capsys.readouterr()
    findings = {one["name"]: one for one in json.loads(told.out)["findings"]}
    assert findings["database"]["state"] == "wrong"
    assert "tables" not in findings
    assert {"var", "time-zone", "hosts"} <= findings.keys()
    assert "hush" not in told.out + told.err
