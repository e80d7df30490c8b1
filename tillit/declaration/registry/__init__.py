"""The registry: what every table holds. Each app's `personal_data.py` answers for each of its models, or nothing loads.

    personal(Fact, category_column="category", clocks={"collected": "collected_at", "superseded": "superseded_at"})
    personal(Purchase, category="purchase", clocks={"purchased": "event_at"}, columns={...})
    not_personal(Chain, because="reference data about shops")
    owned(Session, path="…", category="login", …)      # a library's table, reached login → subject

From it are generated: row-security policies, composite foreign keys, exports, erasure, retention, the data map, proofs.
"""

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.registry.browser import BROWSER_ITEMS, BrowserItem, browser_item
from tillit.declaration.registry.going import GOES_ALONG, Arriving, Going, Leaving, Packed, goes_along
from tillit.declaration.registry.outward import (
    OUTWARD,
    OutwardWay,
    outward_way,
)
from tillit.declaration.registry.passing import (
    FOLDERS,
    TRANSIENT,
    Folder,
    TransientTable,
    passing_files,
    transient,
)
from tillit.declaration.registry.segments import (
    SEGMENT_FACTS,
    SegmentFact,
    segment_fact,
)
from tillit.declaration.registry.simulated import (
    SIMULATED,
    simulated,
)
from tillit.declaration.registry.statements import (
    AFTER_RESTORE,
    ARCHIVE_WAITS,
    DEFINERS,
    DERIVED_CLOCKS,
    DIGEST_KINDS,
    DOMAIN_CHECKS,
    ROUTINES,
    Definer,
    DerivedClock,
    DomainCheck,
    Routines,
    after_restore,
    archive_waits,
    definer,
    derived_clock,
    digest_kind,
    domain_check,
    domain_trial,
    routines,
)
from tillit.declaration.registry.tables import (
    NOT_BACKED_UP,
    NOT_PERSONAL,
    ONLY_ADDED,
    ONLY_WHEN,
    OWNED,
    PERSONAL,
    WRITERS,
    OwnedTable,
    PersonalTable,
    also_holds,
    erasable,
    holding,
    not_personal,
    only_when,
    owned,
    owned_by_people,
    personal,
)

__all__ = [
    "AFTER_RESTORE",
    "ARCHIVE_WAITS",
    "BROWSER_ITEMS",
    "DEFINERS",
    "DERIVED_CLOCKS",
    "DIGEST_KINDS",
    "DOMAIN_CHECKS",
    "FOLDERS",
    "GOES_ALONG",
    "NOT_BACKED_UP",
    "NOT_PERSONAL",
    "ONLY_ADDED",
    "ONLY_WHEN",
    "OUTWARD",
    "OWNED",
    "PERSONAL",
    "ROUTINES",
    "SEGMENT_FACTS",
    "SIMULATED",
    "TRANSIENT",
    "WRITERS",
    "Arriving",
    "BrowserItem",
    "Definer",
    "DerivedClock",
    "DomainCheck",
    "Folder",
    "Going",
    "Leaving",
    "OutwardWay",
    "OwnedTable",
    "Packed",
    "PersonalTable",
    "Routines",
    "SegmentFact",
    "TransientTable",
    "after_restore",
    "also_holds",
    "archive_waits",
    "browser_item",
    "definer",
    "derived_clock",
    "digest_kind",
    "domain_check",
    "domain_trial",
    "erasable",
    "goes_along",
    "holding",
    "load",
    "not_personal",
    "only_when",
    "out_of_dumps",
    "outward_way",
    "owned",
    "owned_by_people",
    "passing_files",
    "personal",
    "routines",
    "segment_fact",
    "simulated",
    "transient",
]


def load() -> None:
    """Import every app's `personal_data` and refuse any model that answers to none of the three."""
    for config in apps.get_app_configs():
        name = f"{config.name}.personal_data"
        if config.name.startswith("tillit.") and find_spec(name):
            import_module(name)
    missing = [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.db_table not in {*PERSONAL, *OWNED, *NOT_PERSONAL, *TRANSIENT}
    ]
    if missing:
        raise UnregisteredTableError("unregistered", "no personal-data answer for: " + ", ".join(sorted(missing)))


def out_of_dumps() -> frozenset[str]:
    """The tables whose rows no dump holds: `tillit_backup` may not read them."""
    return frozenset({name for name, owned in OWNED.items() if not owned.backed_up} | {*NOT_BACKED_UP})
