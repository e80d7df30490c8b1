"""The same requests with django-gdpr-assist, for comparison. Runs in a Python that has it and nothing of Tillit.

    python assist_sample.py COUNT < ROWS

ROWS are JSON lines of [person, kind, value]; BENCH_DATABASE is a JSON object of libpq parameters. Two models with their
privacy fields named, as its documentation says; access searches them and exports what is found, erasure deletes the
person and logs it. Prints {"access", "erasure"}: seconds a request.
"""

# mypy: disable-error-code="attr-defined,union-attr"
import json
import os
import sys
import time

import django
from django.conf import settings


def main(count: int) -> None:
    """Make tables, load the rows, time both, print."""
    place = json.loads(os.environ["BENCH_DATABASE"])
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": place.pop("dbname"),
        "USER": place.pop("user", ""),
        "PASSWORD": place.pop("password", ""),
        "HOST": place.pop("host", ""),
        "PORT": place.pop("port", ""),
        "OPTIONS": place,
    }
    settings.configure(
        DATABASES={"default": entry, "gdpr_log": dict(entry)},
        DATABASE_ROUTERS=["gdpr_assist.routers.EventLogRouter"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "gdpr_assist"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 (settings come first)
    from django.db import connection, connections, models  # noqa: PLC0415

    class Person(models.Model):
        id = models.BigIntegerField(primary_key=True)
        email = models.CharField(max_length=100, db_index=True)

        class Meta:
            app_label = "auth"

        class PrivacyMeta:
            fields = ("email",)
            search_fields = ("email",)
            export_fields = ("email",)

    class Known(models.Model):
        id = models.BigAutoField(primary_key=True)
        person = models.ForeignKey(Person, on_delete=models.CASCADE)
        kind = models.CharField(max_length=40)
        value = models.TextField()

        class Meta:
            app_label = "auth"

        class PrivacyMeta:
            fields = ("value",)
            search_fields = ("person__email",)
            export_fields = ("kind", "value")

    from gdpr_assist.models import EventLog  # type: ignore[import-not-found]  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    with connections["gdpr_log"].schema_editor() as editor:  # the same database, where migrations count as done
        editor.create_model(EventLog)
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Known)
    rows = [json.loads(line) for line in sys.stdin]
    people = sorted({row[0] for row in rows})
    Person.objects.bulk_create((Person(id=one, email=f"p{one}@example.org") for one in people), batch_size=5000)
    Known.objects.bulk_create((Known(person_id=p, kind=k, value=v) for p, k, v in rows), batch_size=5000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    asking = people[:: max(1, len(people) // count)][:count]
    began = time.monotonic()
    for one in asking:
        found = [
            model._privacy_meta.export(row)
            for model in (Person, Known)
            for row in model._privacy_meta.search(f"p{one}@example.org")
        ]
        json.dumps(found, default=str, indent=1)
        if len(found) < 2:
            raise SystemExit("an answer is not whole")
    read = time.monotonic() - began
    began = time.monotonic()
    for one in asking:
        Person.objects.get(pk=one).delete()
    gone = time.monotonic() - began
    if Known.objects.filter(person_id__in=asking).exists():
        raise SystemExit("an erasure is not whole")
    sys.stdout.write(json.dumps({"access": read / len(asking), "erasure": gone / len(asking)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
