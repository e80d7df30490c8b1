"""Whether a draft of terms is to a member's disadvantage (C6): judged on the same purchases for every draft, the last
twelve months' (`JUDGED`), whatever period somebody likes to look at, and against the rules that stand on its day.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tillit.bonus.models import RateRule, TermsDraft
from tillit.bonus.preview import Preview
from tillit.journeys import terms_preview
from tillit.journeys.programme_file import ChainEntry, Setup
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.purchases.models import Chain

JUDGED = timedelta(days=365)


def standing_rules(*, chain: Chain, at: date) -> Any:
    """The chain's rates that hold at the midnight of a day, as a query."""
    moment = midnight(at)
    found = RateRule.objects.filter(chain=chain, starts__lt=moment).exclude(ends__lte=moment)
    return found.select_related("store", "product_group", "chain").order_by("pk")


def worse(one: TermsDraft) -> bool:
    """Whether the draft is to some member's disadvantage, as judged when it was tried (`JUDGED`), never by the period
    that was looked at. Without purchases to tell, every rule that ends and every rate below one that stands is.
    """
    judged = (one.tried or {}).get("judged")
    if judged is None:  # not tried, or by an earlier version
        return bool(one.document["ends"]) or bool((one.tried or {}).get("less"))
    return bool(judged["less"]) or (not judged["purchases"] and bool(judged["lowers"]))


def figures(one: TermsDraft) -> dict[str, Any]:
    """The figures that decide: over the last twelve months, or all there is of them. What ends by itself (a day, a
    budget) makes nobody whole for long: the draft is judged with it and without, and the worse of the two counts.
    """
    end = clock.today() + timedelta(days=1)
    start = end - JUDGED
    rounds = [simulated(one, start, end)]
    if any(not _lasting(entry) for part in ("rates", "offers") for entry in one.document[part]):
        rounds.append(simulated(one, start, end, lasting=True))
    standing = list(standing_rules(chain=one.chain, at=one.starts))
    highest = max((rule.basis_points for rule in standing if rule.mode == "set"), default=0)
    rates_set = [entry for entry in one.document["rates"] if entry.get("mode", "set") == "set"]
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "purchases": rounds[0].purchases,
        "less": max(sum(each.less for each in found.members) for found in rounds),
        "lowers": bool(one.document["ends"]) or any(Decimal(e["percent"]) * 100 < highest for e in rates_set),
    }


def simulated(one: TermsDraft, start: date, end: date, *, lasting: bool = False) -> Preview:
    """What the purchases of [start, end) would have earned by the draft; `lasting`: by what does not end by itself."""
    return terms_preview.simulate(
        setup=setup_of(one, start, tried=True, lasting=lasting),
        start=start,
        end=end,
        without=one.document["ends"],
        standing=[rule.pk for rule in standing_rules(chain=one.chain, at=one.starts)],
    )


def _lasting(entry: Mapping[str, Any]) -> bool:
    return not {"until", "budget"} & set(entry)


def digest_of(one: TermsDraft) -> str:
    """What a trial is a trial of: the draft, its day, and the rules that stand on it."""
    rules = standing_rules(chain=one.chain, at=one.starts).values_list("pk", "basis_points", "starts", "ends")
    tried = json.dumps([one.document, one.starts, list(rules)], sort_keys=True, default=str)
    return hashlib.sha256(tried.encode()).hexdigest()


def setup_of(one: TermsDraft, start: date, *, tried: bool, lasting: bool = False) -> Setup:
    """The draft's terms from `start`; for a trial without an end, so that all purchases tell.

    `lasting`: those alone that do not end by themselves.
    """
    parts = {
        part: [
            {key: value for key, value in entry.items() if not (tried and key == "until")} | {"from": start.isoformat()}
            for entry in one.document[part]
            if _lasting(entry) or not lasting
        ]
        for part in ("rates", "offers")
    }
    return Setup(chains=[ChainEntry.model_validate({"key": one.chain.key, **parts})])


def midnight(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(DEFAULT_ZONE))
