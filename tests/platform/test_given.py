"""A setting that cannot be what it says stops the start by its name; its value, which may be a secret, is not told."""

import logging
import re
import runpy
from collections.abc import Iterator

import pytest

from tillit.platform import given, paths
from tillit.platform.errors import SettingError
from tillit.privacy.backup import places

SETTINGS = paths.root() / "tillit" / "settings.py"
SERVICE = ("gateway.example", "https://", "ftp://hush@host/path", "http://hush@host/path", "https://hush@host:port/")
BY_KEY = ("https://hush@host/", "key", "=https://hush@host/", "key=hush", "a=https://hush@host/ b=http://hush@host/")
# Variable → values that it cannot have.
WRONG: dict[str, tuple[str, ...]] = {
    "TILLIT_ACQUIRER": SERVICE,
    "TILLIT_ADDRESS_REGISTER": SERVICE,
    "TILLIT_AUDIENCE_": SERVICE,
    "TILLIT_AUDIT_KEY_VERSION": ("0", "one", "-1", "1.5", "9" * 30),
    "TILLIT_BEHIND_PROXY": ("yes", "-1", "²"),
    "TILLIT_DEBUG": ("true", "yes", "2"),
    "TILLIT_HTTPS": ("false", "off"),
    "TILLIT_INSURERS": BY_KEY,
    "TILLIT_INSURER_CERTIFICATES": ("file.pem", "key=hush.pem"),
    "TILLIT_ISSUERS": BY_KEY,
    "TILLIT_LOG_LEVEL": ("LOUD", "info"),
    "TILLIT_MARKET_HUB_": SERVICE,
    "TILLIT_OWNERSHIP_SERVICE": SERVICE,
    "TILLIT_PARTNERS": BY_KEY,
    "TILLIT_POPULATION_REGISTER": SERVICE,
    "TILLIT_POST": ("yes",),
    "TILLIT_RESERVATION_REGISTER": SERVICE,
    "TILLIT_SECURITY_CONTACTS": ("drift@example.org", "mailto:", " , ", "mailto:a@example.org,javascript:hush"),
    "TILLIT_SITE_URL": ("tillit.example", "javascript:hush", "https://", "https://tillit.example:port"),
    "TILLIT_SMS": SERVICE,
    "TILLIT_SMTP": ("mail.example", "https://mail.example", "smtp://", "smtp://user:hush@mail.example:x"),
    "TILLIT_SUPPLIERS": BY_KEY,
    "TILLIT_VISITS": ("cookies",),
    "TILLIT_WEB_PUSH": ("drift@example.org", "mailto:"),
}
CASES = [(variable, value) for variable, values in WRONG.items() for value in values]


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_every_setting_that_is_checked_has_wrong_values_here() -> None:
    read = set(re.findall(r"given\.[a-z_]+\(\s*\"(TILLIT_[A-Z_]+)", SETTINGS.read_text(encoding="utf-8")))
    assert read == WRONG.keys()


@pytest.mark.parametrize(("variable", "value"), CASES)
def test_a_wrong_value_stops_the_start_by_name_and_is_not_told(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{variable}NET" if variable.endswith("_") else variable
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as refused:
        runpy.run_path(str(SETTINGS))
    assert str(refused.value).startswith(f"{name} must be ")
    assert "hush" not in str(refused.value)


def test_right_values_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    right = {
        "TILLIT_SMTP": "smtps://user:p%40ss@mail.example:465",
        "TILLIT_SMS": "https://token@gateway.example/v1",
        "TILLIT_ACQUIRER": "http://token@127.0.0.1:8123",
        "TILLIT_PARTNERS": "bank=https://token@bank.example/api  shop=http://token@localhost:99/",
        "TILLIT_SITE_URL": "https://tillit.example/",
        "TILLIT_AUDIENCE_NETT_EN": "https://token@ads.example/",
        "TILLIT_AUDIENCE_EMPTY": "",
        "TILLIT_BEHIND_PROXY": "2",
        "TILLIT_VISITS": "",
        "TILLIT_SECURITY_CONTACTS": "mailto:drift@example.org, https://tillit.example/weakness",
    }
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    found = runpy.run_path(str(SETTINGS))
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_HOST_PASSWORD"]) == ("mail.example", 465, "p@ss")
    assert (found["SITE_URL"], found["TRUSTED_PROXIES"], found["VISITS"]) == ("https://tillit.example", 2, "beacon")
    assert found["AUDIENCES"] == {"nett_en": "https://token@ads.example/"}
    assert found["SECURITY_CONTACTS"] == ["mailto:drift@example.org", "https://tillit.example/weakness"]
    assert found["PARTNERS"].split()[1].startswith("shop=")


def test_versions_of_backup_keys_are_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLIT_BACKUP_KEY_VERSION", "2")
    assert places.key_version() == 2
    monkeypatch.setenv("TILLIT_BACKUP_KEY_VERSION", "two")
    with pytest.raises(SettingError, match="TILLIT_BACKUP_KEY_VERSION must be a whole number: 1, 2 …"):
        places.key_version()


def test_zero_is_no_and_one_is_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, expected in (("0", False), ("1", True), ("", True)):
        monkeypatch.setenv("TILLIT_HTTPS", value)
        assert given.flag("TILLIT_HTTPS", default=True) is expected
