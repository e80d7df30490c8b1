"""Each endpoint has a position: nothing that is committed late is skipped, and nothing is read again and again (C5)."""

from django.db import connection

from tests.conftest import TestDatabase
from tests.faces.api.conftest import Partner, line
from tillit.declaration.registry import AFTER_RESTORE
from tillit.faces.api import webhook_events, webhooks
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.purchases.models import Batch


def told() -> list[str]:
    return sorted(WebhookDelivery.objects.values_list("reference", flat=True))


def test_c5_what_is_committed_late_is_told_and_what_was_read_is_not_read_again(
    partner: Partner, fresh_db: TestDatabase
) -> None:
    webhooks.add(client=ApiClient.objects.get(), url="https://kasse.example/hook", events=["purchases.batch.finished"])
    card = next(iter(partner.club.members.values()))
    for number in (1, 2):
        partner.send(line(number, card))
    late, second = Batch.objects.order_by("id")
    Batch.objects.filter(pk=late.pk).update(finished_at=None)
    with fresh_db.connect("owner") as slow:
        slow.execute("UPDATE purchases_batch SET finished_at = %s WHERE id = %s", [clock.now(), late.pk])
        partner.send(line(3, card))
        third = Batch.objects.latest("id")
        assert webhook_events.gather() == 2
        assert webhook_events.gather() == 0
        assert told() == sorted(map(str, (second.pk, third.pk)))
    assert webhook_events.gather() == 1, "it says an earlier moment than what was told before it"
    assert told() == sorted(map(str, (late.pk, second.pk, third.pk)))

    def again(**changed: object) -> int:
        WebhookDelivery.objects.all().delete()
        WebhookEndpoint.objects.update(**changed)
        return webhook_events.gather()

    with connection.cursor() as cursor:  # as when all that ran has ended: other databases' transactions count, too
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (behind_all,) = cursor.fetchone()
    assert again(read_to=behind_all) == 0
    assert again(read_to=2**60) == 3, "a position of another server says nothing"
    assert again(read_to=behind_all, read_as="") == 3, "nor one of whoever saw other things"
    Batch.objects.filter(pk=second.pk).update(posted=second.posted)
    assert again(read_to=behind_all) == 1, "what was written since"
    (forgotten,) = [load(module, file, name) for module, file, name in AFTER_RESTORE if file == "webhooks"]
    with connection.cursor() as cursor:
        cursor.execute(forgotten, {"now": clock.now()})
    WebhookDelivery.objects.all().delete()
    assert webhook_events.gather() == 3, "a restore reads from the beginning, however far the new server has come"
