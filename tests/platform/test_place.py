"""Where the tests' own servers and files are."""

from pathlib import Path

import pytest

from tests.support import place


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    made = tmp_path / "memory"
    made.mkdir()
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = tmp_path / "checkout"
    made.mkdir()
    return made


def test_it_is_in_memory_and_a_link_leads_there(checkout: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_ROOM", 0)
    (checkout / "var" / "test").mkdir(parents=True)
    inside = place.of_tests(checkout, memory)
    assert inside.parent == memory
    assert (checkout / "var" / "test").resolve() == inside
    assert place.of_tests(checkout, memory) == inside


def test_it_is_in_the_checkout_where_memory_is_short(
    checkout: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_ROOM", 1 << 60)
    assert place.of_tests(checkout, memory) == checkout / "var" / "test"
    assert not list(memory.iterdir())


def test_what_a_checkout_that_is_gone_has_left_is_removed(
    checkout: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_ROOM", 0)
    first = place.of_tests(checkout, memory)
    (first / "file").touch()
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert first.exists()
    (moved / "var" / "test").unlink()
    second = place.of_tests(moved, memory)
    assert second.exists()
    assert not first.exists()


def test_a_directory_that_others_may_write_into_is_not_used(
    checkout: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "_ROOM", 0)
    planted = place.of_tests(checkout, memory)
    planted.chmod(0o777)
    (checkout / "var" / "test").unlink()
    assert place.of_tests(checkout, memory) == checkout / "var" / "test"
