"""The members that are made up for the demonstration and the benchmark: each has a number of their own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tillit.journeys.demo import union_members
from tillit.kernel.identifiers.national_numbers import read


def test_each_made_up_member_has_a_number_and_there_are_no_more_than_are_said() -> None:
    days, groups = np.arange(1, 2000, 40), np.arange(union_members.MOST // 20_000)
    who = np.sort((groups[:, None] * 20_000 + days).ravel())
    numbers, born, _ = union_members.national_numbers(who)
    assert len(set(numbers.tolist())) == len(who) == len(days) * len(groups)
    told = read(pl.Series(numbers), year=2026)
    assert told.fault.null_count() == len(who)
    assert (told.born.to_numpy() == born).all()


def test_a_member_whose_number_would_be_another_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="numbers for 1000000 members"):
        union_members.write(tmp_path / "many.csv", members=2, first=union_members.MOST)
