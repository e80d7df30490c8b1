"""Secrets are made once, kept private, and may come from the environment."""

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tillit.platform import secrets
from tillit.platform.errors import SecretError


@pytest.fixture
def own_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TILLIT_VAR", str(tmp_path / "var"))
    return tmp_path / "var"


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(own_var: Path) -> None:
    first = secrets.secret("audit")
    assert len(first) == 32
    assert secrets.secret("audit") == first
    assert secrets.secret("digest_root") != first
    file = own_var / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_text())) == {"audit", "digest_root"}


def test_the_environment_wins(own_var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLIT_SECRET_AUDIT", base64.b64encode(b"k" * 32).decode())
    assert secrets.secret("audit") == b"k" * 32
    assert not (own_var / "secrets.json").exists()


@pytest.mark.parametrize("value", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_bad_value_is_refused_without_showing_it(value: str, own_var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLIT_SECRET_AUDIT", value)
    with pytest.raises(SecretError, match="TILLIT_SECRET_AUDIT") as refused:
        secrets.secret("audit")
    assert value not in str(refused.value)


def test_a_file_that_others_can_read_is_refused(own_var: Path) -> None:
    secrets.secret("audit")
    (own_var / "secrets.json").chmod(0o640)
    with pytest.raises(SecretError, match="read by others"):
        secrets.secret("audit")


def test_a_damaged_file_is_never_replaced(own_var: Path) -> None:
    secrets.secret("audit")
    (own_var / "secrets.json").write_text('{"audit": ')
    with pytest.raises(SecretError, match="not JSON"):
        secrets.secret("digest_root")
    assert (own_var / "secrets.json").read_text() == '{"audit": '


def test_a_planted_link_is_not_followed(own_var: Path, tmp_path: Path) -> None:
    own_var.mkdir()
    (tmp_path / "elsewhere").write_text("{}")
    (own_var / "secrets.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SecretError, match="cannot be read"):
        secrets.secret("audit")


def test_many_processes_agree_on_one_value(own_var: Path) -> None:
    code = "import sys; from tillit.platform.secrets import secret; sys.stdout.write(secret('audit').hex())"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(6)]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1
    assert all(process.returncode == 0 for process in started)
