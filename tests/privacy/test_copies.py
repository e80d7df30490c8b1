"""Copies that were written out on the machine lapse, and go with the person (H1, H10)."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction

from tests.support.world import person, publish_examples
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy import access, copies, export, files

pytestmark = pytest.mark.django_db


def test_h10_a_copy_that_was_written_out_lapses_and_goes_with_the_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, django_capture_on_commit_callbacks
) -> None:
    monkeypatch.setattr(copies.paths, "var", lambda: tmp_path)
    club = publish_examples("bonus")["rundtur"]
    both = [person(club, given="Kari", email=f"copy{n}@example.org") for n in range(2)]
    actor = system("rights", {club.pk})
    made = [
        copies.write(export.as_zip(access.collect(actor=actor, subject_id=one, language="en")), suffix=".zip")
        for one in both
    ]
    assert all(path.is_file() for path in made)
    assert files.lapse() == 0
    scope = Scope(actor, "rights_requests", frozenset({both[0]}))
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic(), scope:
        files.forget(subject_id=both[0])
    assert [path.is_file() for path in made] == [False, True]
    with clock.travel(clock.now() + timedelta(days=7)):
        assert files.lapse() == 1
    assert not made[1].exists()
