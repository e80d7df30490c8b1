"""The logs say what happened and hold nothing of whom."""

import json
import os
import subprocess
import sys

import pytest

from tillit.platform import logs

_PRELUDE = """
import logging, structlog
from tillit.platform import logs
logs.configure(level="INFO")
log = structlog.get_logger("tillit.test")
"""


def _lines(code: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PRELUDE + code],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_an_event_is_one_line_of_json_with_its_codes() -> None:
    (line,) = _lines("log.info('purchase posted', batch=7, count=3)")
    assert (line["event"], line["batch"], line["count"], line["level"]) == ("purchase posted", 7, 3, "info")
    assert line["logger"] == "tillit.test"
    assert str(line["timestamp"]).endswith("Z")


def test_sensitive_values_are_dropped_however_deep() -> None:
    (line,) = _lines("log.info('sent', Email='kari@eksempel.example', to=[{'phone': '+4740000001', 'id': 5}], batch=7)")
    assert "kari" not in json.dumps(line)
    assert "+4740000001" not in json.dumps(line)
    assert line["Email"] == logs.DROPPED
    assert line["to"] == [{"phone": logs.DROPPED, "id": 5}]
    assert line["batch"] == 7


@pytest.mark.parametrize("logger", ["log", "logging.getLogger('django.db')"])
def test_of_an_exception_only_type_and_places_are_kept(logger: str) -> None:
    (line,) = _lines(
        f"try:\n    raise ValueError('Key (email)=(kari@eksempel.example) exists')\n"
        f"except ValueError:\n    {logger}.exception('failed')\n"
    )
    assert (line["event"], line["exception"]) == ("failed", "ValueError")
    assert line["at"] == ["<string>:7 <module>"]
    assert "kari" not in json.dumps(line)
