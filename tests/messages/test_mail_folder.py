"""Mail without a mail server: files for their owner alone, codes for ten minutes, nothing for more than a day."""

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from tillit.kernel import clock
from tillit.messages import mail, mail_folder
from tillit.platform import passing_files


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.EMAIL_BACKEND = "tillit.messages.mail_folder.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return tmp_path / "mail"


def _send(to: str, **headers: str) -> None:
    get_connection().send_messages([EmailMessage("Hei", "Kode 123456", "a@b.example", [to], headers=headers)])


def test_h18_nobody_else_reads_a_code_that_was_written_to_a_file(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    _send("kari@post.example")
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "To: kari@post.example" in file.read_text(encoding="utf-8")
    assert not passing_files.readable_by_others(folder)


def test_h10_a_code_s_file_goes_with_the_code_and_any_other_after_a_day(folder: Path) -> None:
    start = clock.now().replace(microsecond=0)
    with clock.travel(start):
        _send("other@post.example")
        mail.send_unstored(
            to="kari@post.example", subject="1", text="1", sender="R", expires=start + timedelta(minutes=10)
        )
        mail.wait()
        assert len(list(folder.iterdir())) == 2
    assert passing_files.lapse(folder, now=start + timedelta(minutes=9)) == 0
    assert passing_files.lapse(folder, now=start + timedelta(minutes=10)) == 1
    (left,) = folder.iterdir()
    assert "other@post.example" in left.read_text(encoding="utf-8")
    with clock.travel(start + mail_folder.KEPT):
        _send("third@post.example")  # whoever sends the next one clears up
    (left,) = folder.iterdir()
    assert "third@post.example" in left.read_text(encoding="utf-8")


def test_h3_the_files_that_name_a_person_go_and_no_others(folder: Path) -> None:
    _send("Kari.Nordseth@post.example")
    _send("kåre@post.example")
    _send("ola@post.example")
    assert passing_files.forget(folder, naming=["kari.nordseth@post.example", ""]) == 1
    assert passing_files.forget(folder, naming=["kåre@post.example"]) == 1
    (left,) = folder.iterdir()
    assert "ola@post.example" in left.read_text(encoding="utf-8")
    assert passing_files.forget(folder.parent / "none", naming=["x@y.example"]) == 0


def test_a_file_that_nobody_answers_for_lapses(folder: Path) -> None:
    folder.mkdir()
    (folder / "20260101-notes.log").write_text("x")
    assert passing_files.lapse(folder, now=clock.now()) == 1
