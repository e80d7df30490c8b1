"""A partner's list by API that would end too many: on the desk *Files*, looked through, it waits for a colleague.

The body is what the list was told apart by, so approved there it is the same list: the partner, who sends it again,
hears that it is done (D1).
"""

import json
from collections.abc import Mapping, Sequence

from tillit.journeys import partner_feeds
from tillit.journeys.files import sending
from tillit.journeys.files.entitlements import KIND, target_of
from tillit.kernel.scope import system
from tillit.services.product_models import Partner


def take_rows(*, partner: Partner, rows: Sequence[Mapping[str, str | None]], full: bool) -> partner_feeds.Outcome:
    """Take rows in; those that wait for approval are kept for the desk, once, in place of an earlier list there.

    Raises as `partner_feeds.take_rows`.
    """
    done = partner_feeds.take_rows(partner=partner, rows=rows, full=full)
    if done.waiting:
        sending.keep_for_approval(
            kind=KIND,
            target=target_of(partner, full=full),
            name="api.json",
            body=json.dumps(rows, sort_keys=True).encode(),
            actor=system("partner_feed", {partner.controller_id}),
            controller=partner.controller,
        )
    return done
