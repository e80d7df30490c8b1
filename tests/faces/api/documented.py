"""The examples of a page: read as a shell would, sent to the site, and compared with what the page says."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.test import Client

_EXAMPLE = re.compile(r"```console\n(\$ curl[^`]*)```\n\n(\w[^`]*:\n\n)?```(json|text)\n([^`]*)```")


def examples(page: Path) -> Iterator[tuple[str, str]]:
    """(command, answer; '' where the page shows it in part) of every example."""
    text = page.read_text(encoding="utf-8")
    found = _EXAMPLE.findall(text)
    assert len(found) == text.count("$ curl"), "an example without its answer"
    for command, _, kind, answer in found:
        yield command, answer if kind == "json" else ""


def run_page(page: Path, named: dict[str, str]) -> int:
    """Run the examples in their order; how many. `$NAME` in a command is `named`'s, `"$NAME"` in an answer is found out
    and holds from then on.
    """
    ran = 0
    for command, answer in examples(page):
        ran += 1
        found = json.loads(curl(command, named))
        if answer:
            compare(found, json.loads(answer), named)
        else:
            assert "code" not in found, found
    return ran


def curl(command: str, named: dict[str, str]) -> bytes:
    """What `$ curl …` of a page answers."""
    for name in sorted(named, key=len, reverse=True):
        command = command.replace(f"${name}", named[name])
    words = shlex.split(command.removeprefix("$ ").replace("\\\n", " "))
    assert words[0] == "curl"
    headers: dict[str, str] = {}
    data, url, verb = None, "", ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = f"Basic {b64encode(next(rest).encode()).decode()}"
        elif word == "-X":
            verb = next(rest)
        elif word in {"-d", "--data"}:
            data = f"{data}&{next(rest)}" if data else next(rest)
        elif word.startswith("http"):
            url = re.sub(r"https?://[^/]+", "", word)
    browser = Client()
    if data is None and not verb:
        return browser.get(url, headers=headers).content
    kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    return browser.generic(verb or "POST", url, data or "", content_type=kind, headers=headers).content


def compare(found: Any, told: Any, named: dict[str, str]) -> None:
    """Equal, but for times, what ends in `…`, and names that are found out."""
    if isinstance(told, dict):
        assert found.keys() == told.keys(), (found, told)
        for name, value in told.items():
            if name.endswith("_at") or name == "since":
                assert bool(found[name]) == bool(value)
            else:
                compare(found[name], value, named)
    elif isinstance(told, list):
        assert len(found) == len(told)
        for one, other in zip(found, told, strict=True):
            compare(one, other, named)
    elif isinstance(told, str) and told.startswith("$"):
        assert named.setdefault(told[1:], str(found)) == str(found)
    elif isinstance(told, str) and told.endswith("…"):
        assert found.startswith(told.rstrip("…"))
    else:
        assert found == told
