"""Coarse geography, from the truncated network address only (G3).

The installation may name a file of networks (`TILLIT_GEOGRAPHY`, CSV: network in CIDR notation, country of two
letters). Without one no country is told.
"""

import csv
from bisect import bisect_right
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from django.conf import settings


def country(truncated: str) -> str:
    """The country of a truncated network address; '' where it is not known."""
    ranges = _ranges(settings.GEOGRAPHY)
    if not ranges:
        return ""
    try:
        network = ip_network(truncated, strict=False)
    except ValueError:
        return ""
    version, first = network.version, int(network.network_address)
    at = bisect_right(ranges, (version, first, 2**128, "")) - 1
    if at < 0:
        return ""
    kind, begins, ends, code = ranges[at]
    return code if kind == version and begins <= first <= ends else ""


@cache
def _ranges(file: str) -> list[tuple[int, int, int, str]]:
    if not file:
        return []
    found = []
    with Path(file).open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            try:
                network = ip_network(row[0].strip())
            except (IndexError, ValueError):
                continue  # a heading
            last = int(network.broadcast_address)
            found.append((network.version, int(network.network_address), last, row[1].strip().upper()[:2]))
    return sorted(found)
