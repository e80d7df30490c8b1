"""House rule: only `kernel/clock.py` asks the machine for the time, so that Tillit can be fast-forwarded."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff(*arguments, text=None):
    return subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", *arguments],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_no_module_asks_the_machine_for_the_time():
    found = ruff("tillit")
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime\ndatetime.now()\n",
        "import datetime as dt\ndt.datetime.utcnow()\n",
        "from datetime import date\ndate.today()\n",
        "from datetime import datetime\ndatetime.today()\n",
        "import time\ntime.time()\n",
        "from time import time_ns\n",
        "from django.utils import timezone\ntimezone.now()\n",
        "from django.utils.timezone import localdate\n",
    ],
)
def test_the_rule_sees_every_way_to_ask(code):
    found = ruff("--stdin-filename", "tillit/bonus/planted.py", "-", text=code)
    assert found.returncode == 1
    assert "tillit.kernel.clock" in found.stdout
    assert ruff("--stdin-filename", "tillit/kernel/clock.py", "-", text=code).returncode == 0
