"""The conventional way, for comparison: Hordak credits purchases one by one, in a process with its own settings.

    python -m tillit.journeys.bench.hordak_sample FILE

FILE is JSON lines of [member, chain, minor units]. The database is the one that TILLIT_DATABASE_NAME names, empty. One
committed transaction a purchase: debit what the programme has issued, credit the member's account in the chain. Prints
{"seconds", "credited", "total"}; making tables and accounts is not counted.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from tillit.platform import database

SECONDS_AT_MOST = 120


def main(path: Path) -> None:
    """Run the sample and print what came of it."""
    settings.configure(
        DATABASES={"default": database.django_settings("owner")},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HORDAK_INTERNAL_CURRENCY="NOK",
        DEFAULT_CURRENCY="NOK",
        CURRENCIES=["NOK"],
        HORDAK_CURRENCIES=["NOK"],
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 (settings come first)

    call_command("migrate", verbosity=0, interactive=False)
    purchases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    print(json.dumps(_credit(purchases)))  # noqa: T201 (the answer to the process that asked)


def _credit(purchases: list[tuple[int, int, int]]) -> dict[str, Any]:
    from django.db import transaction  # noqa: PLC0415
    from hordak.models import Account  # type: ignore[import-untyped]  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    issued = Account.objects.create(name="issued", code="1", type=Account.TYPES.expense, currencies=["NOK"])
    keys = sorted({(member, chain) for member, chain, _ in purchases})
    accounts = {
        key: Account.objects.create(name="lot", code=str(place), type=Account.TYPES.liability, currencies=["NOK"])
        for place, key in enumerate(keys, 2)
    }
    began, done, total = time.monotonic(), 0, 0
    for member, chain, amount in purchases:
        with transaction.atomic():
            accounts[member, chain].transfer_to(issued, Money(amount, "NOK") / 100)
        done, total = done + 1, total + amount
        if time.monotonic() - began > SECONDS_AT_MOST:
            break
    return {"seconds": time.monotonic() - began, "credited": done, "total": total}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
