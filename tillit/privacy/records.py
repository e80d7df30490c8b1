"""What a run did, noted as it does it: count and audit event stand or fall with the rows they tell of (H10, A9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from tillit.audit import events
from tillit.audit.operations import append
from tillit.kernel.scope import Scope
from tillit.privacy.models import RetentionResult, RetentionRun


@dataclass(frozen=True)
class Recorder:
    """Keeps the results of one run; a rehearsal's are counted, and leave one event when it is over."""

    run: RetentionRun

    def note(
        self, *, scope: Scope | None, controller_id: int, table: str, category: str, disposal: str, rows: int
    ) -> None:
        """Add rows to a result. With the open scope whose transaction disposed of them, also an event for this part."""
        key: dict[str, Any] = {"controller_id": controller_id, "table": table, "category": category}
        key |= {"run": self.run, "disposal": disposal}
        made, new = RetentionResult.objects.get_or_create(**key, defaults={"rows": rows})
        if not new:
            RetentionResult.objects.filter(pk=made.pk).update(rows=F("rows") + rows)
        if scope is None:
            return
        append(
            type=events.RETENTION_RUN,
            scope=scope,
            controller=controller_id,
            batch=self.run.pk,
            details={
                "table": table,
                "category": category,
                "disposal": disposal,
                "rows": rows,
                "on": self.run.as_of,
                "dry": False,
            },
        )

    def finished(self, *, scope: Scope, controllers: Iterable[int]) -> None:
        """One event a controller: the run went through, and how many rows it concerned, none included."""
        for one in controllers:
            rows = sum(self.run.results.filter(controller_id=one).values_list("rows", flat=True))
            details = {"rows": rows, "on": self.run.as_of, "dry": self.run.dry_run}
            append(type=events.RETENTION_RUN_FINISHED, scope=scope, controller=one, batch=self.run.pk, details=details)
