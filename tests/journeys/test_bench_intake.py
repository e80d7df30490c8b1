"""The benchmark measures what it says: its file, its conditions, its answer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from stdnum import luhn

from tillit.journeys.bench import Figure, Result, files
from tillit.platform import paths


def test_the_file_holds_full_card_numbers_and_forty_per_cent_strangers(tmp_path: Path) -> None:
    written = files.write(tmp_path / "f.csv", rows=20_000, members=500, seed=3)
    rows = pl.read_csv(written.path, infer_schema=False)
    assert len(rows) == written.rows == 20_000
    assert rows["id"].n_unique() == 20_000
    assert all(len(card) == 16 and luhn.is_valid(card) for card in rows["card"].head(300))
    members = set(files.card_numbers(files.cards_of(np.arange(1, 501))[1]).tolist())
    assert rows["card"].is_in(list(members)).sum() == written.members
    assert 0.38 < 1 - written.members / written.rows < 0.42
    assert rows["chain"].n_unique() == files.CHAINS


def test_a_member_shops_in_three_chains_of_which_the_accounts_are_open() -> None:
    members = np.repeat(np.arange(1, 50), 3)
    found = files.chains_of(members, np.tile(np.arange(3), 49))
    assert all(len(set(found[members == one])) == 3 for one in range(1, 50))


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    for path, seed in ((one, 1), (two, 1), (other, 2)):
        files.write(path, rows=500, members=50, seed=seed)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_the_answer_is_one_object_of_four_parts() -> None:
    found = Result("intake", {"bare_copy": 12.5}, {"posted": Figure(3, "purchases")}, "processor time").as_json()
    assert json.loads(json.dumps(found)) == {
        "name": "intake",
        "ratios": {"bare_copy": 12.5},
        "figures": {"posted": {"value": 3, "unit": "purchases"}},
        "bound_by": "processor time",
    }


def bench(*options: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tillit.faces.cli", "bench", "intake", *options],
        cwd=paths.root(),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.soak
def test_a_server_that_may_lose_data_is_not_measured(owner_connection: Any) -> None:
    """Where fsync is off, as on the tests' own server, everything is taken in and there is nothing to report."""
    (fsync,) = owner_connection.execute("SELECT current_setting('fsync')").fetchone()
    done = bench("--rows", "3000", "--members", "200", "--more", "1", "--no-hordak", environment={**os.environ})
    assert (done.returncode == 1) == (fsync == "off"), done.stderr
    assert ("fsync is off" in done.stderr) == (fsync == "off")
    assert ("posted_per_second" in done.stdout) == (fsync == "on")
