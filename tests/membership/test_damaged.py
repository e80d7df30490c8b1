"""Ten thousand damaged rows among good ones: what is good goes in, each other row is listed with its reason (B1)."""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.damaged import DAMAGE, damage, doubled
from tests.support.world import publish_examples
from tillit.journeys.demo import union_members
from tillit.journeys.register.importing import import_file
from tillit.kernel.scope import Scope, system
from tillit.membership import register_files
from tillit.membership.models import Membership, QuarantinedMember

pytestmark = pytest.mark.django_db

GOOD, DAMAGED, PAIRS = 600, 10_000, 250


def test_b1_ten_thousand_damaged_rows_are_each_told_and_what_is_good_goes_in(tmp_path: Path) -> None:
    union = publish_examples("union_benefits")["lyngheim"]
    union_members.found(controller_id=union.pk)
    whole = union_members.write(tmp_path / "all.csv", members=GOOD + DAMAGED - 1)
    lines = whole.read_text("utf-8").splitlines(keepends=True)
    expected = {}
    for at in range(len(lines) - 4 * PAIRS, len(lines), 4):
        expected |= doubled(lines, at)
    alone = DAMAGED - len(expected) - 1
    good = set(range(17, 17 * (GOOD + 1), 17))
    places = [at for at in range(1, len(lines) - 4 * PAIRS) if at not in good][:alone]
    expected |= damage(lines, places)
    lines.append(f"Antall medlemmer: {GOOD}\n")
    expected[len(lines)] = "columns"
    path = tmp_path / "damaged.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "".join(lines).encode("utf-8", "surrogateescape"))
    assert (len(expected), len(lines) - 1) == (DAMAGED, GOOD + DAMAGED)

    done = import_file(path=path, controller=union, full=True)
    assert dict(QuarantinedMember.objects.values_list("line", "reason")) == expected
    assert (done.difference.joins, done.quarantined) == (GOOD, DAMAGED)
    assert done.difference.reasons == Counter(expected.values())
    assert set(done.difference.reasons) > {reason for reason, _ in DAMAGE}
    with Scope(system("test", {union.pk}), "register_import"):
        assert Membership.objects.filter(ends=None).count() == GOOD
    kept = QuarantinedMember.objects.filter(sealed__isnull=False).count()
    assert kept == DAMAGED, "each can be repaired"
    again = import_file(path=path, controller=union, full=True)
    assert (again.difference.unchanged, again.difference.joins, again.difference.ending) == (GOOD, 0, 0)
    assert QuarantinedMember.objects.count() == DAMAGED
    assert done.file is not None
    assert len(register_files.waiting(controller_id=union.pk)) == done.file.quarantined == DAMAGED
