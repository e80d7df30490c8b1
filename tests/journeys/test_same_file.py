"""The same card file five times, shuffled and cut in other places: identical ledgers (issue 4, C5).

A refund to a stranger's card that comes before its purchase is dropped as the stranger's row that it seems to be, and
counts when it is sent again (C8). Nothing else has to be: without such rows the ledgers are identical at once.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TestDatabase
from tests.journeys.test_killed_import import run
from tests.support import databases
from tests.support.intake import NOW, club, outcome
from tests.support.shops import HEADER, card_number, row
from tillit.kernel import clock

_KEPT = ("balances", "transfers", "purchases", "seen", "waiting")


def lines(numbers: list[str], count: int) -> tuple[list[str], list[str]]:
    """Members' and strangers' purchases over New Year and both changes of summer time, refunds of some, in whole or in
    part, and repeats; and refunds of some that were paid to a stranger's card, whoever bought.
    """
    chance, found, crossed = random.Random(5), list[str](), list[str]()  # noqa: S311 (the same file every time)
    strangers = [card_number(10**6 + n) for n in range(20)]
    for number in range(count):
        paying = chance.choice(numbers if chance.random() < 0.7 else strangers)
        at = datetime(2025, 10, 25, 20, tzinfo=UTC) + timedelta(minutes=chance.randrange(300_000))
        amount = chance.randrange(1, 200_000)
        facts = {"store": 1 + number % 3, "group": f"g{1 + number % 3}"}
        found.append(row(number, paying, amount=f"{amount / 100:.2f}", time=at.isoformat(), **facts) + ";")
        if number % 10 == 0:
            back, later = amount if number % 20 else -(-amount // 2), at + timedelta(days=2)
            paid_to = chance.choice(strangers) if number % 30 == 0 else paying
            line = row(f"{number}r", paid_to, amount=f"-{back / 100:.2f}", time=later.isoformat(), **facts)
            (found if paid_to == paying else crossed).append(f"{line};T{number}")
    return [*found, *chance.sample(found, count // 20)], crossed


def _file(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([f"{HEADER};refund_of", *rows]) + "\n", encoding="utf-8")
    return path


def _left(database: TestDatabase) -> dict[str, Any]:
    with database.connect("backup") as after:
        found = outcome(after)
    return {name: found[name] for name in _KEPT}


@pytest.mark.soak
def test_c5_the_same_file_five_times_shuffled_and_split_leaves_identical_ledgers(
    fresh_db: TestDatabase, tmp_path: Path
) -> None:
    from django.db import connections

    with clock.travel(NOW):
        numbers = list(club(members=40).members.values())
    connections.close_all()
    every, crossed = lines(numbers, 8000)
    plain: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    for turn, parts in enumerate((1, 2, 3, 7, 20)):
        chance, mine = random.Random(turn), list(every)  # noqa: S311
        if turn:
            chance.shuffle(mine)
        cuts = sorted(chance.sample(range(1, len(mine)), parts - 1))
        copy = TestDatabase(databases.clone(fresh_db.name))
        run(copy, _file(tmp_path / f"{turn}-early.csv", crossed))
        early = _left(copy)
        assert not any(early[name] for name in ("balances", "transfers", "purchases", "waiting")), "all are strangers'"
        files = [
            _file(tmp_path / f"{turn}-{number}.csv", mine[start:stop])
            for number, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(mine)], strict=True))
        ]
        for path in files:
            run(copy, path)
        plain.append(_left(copy))
        both = [*crossed, *mine]
        chance.shuffle(both)
        for path in (files[0], _file(tmp_path / f"{turn}-again.csv", both)):  # the same is known whole, and not read
            run(copy, path)
        whole.append(_left(copy))
        databases.drop(copy.name)
    assert all(plain[0][name] for name in ("balances", "transfers", "purchases"))
    assert len(whole[0]["purchases"]) > len(plain[0]["purchases"]), "refunds to strangers' cards of members' purchases"
    for found in (plain, whole):
        for other in found[1:]:
            for name in _KEPT:
                assert other[name] == found[0][name], name
