"""``tillit webhook``: endpoints of partners' systems, their secrets, and what could not be delivered."""

from typing import Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Add, list, rotate and stop webhooks; send again what was given up.")
out = console()


@app.command()
def add(
    key: Annotated[int, typer.Option(help="The number of the API key it belongs to.")],
    url: Annotated[str, typer.Option(help="Where events are sent; without one, purchases are only taken in.")] = "",
    event: Annotated[list[str] | None, typer.Option(help="Events to send; default: all. May be repeated.")] = None,
) -> None:
    """Add an endpoint to a key and print its secret: it is shown this once."""
    ready()
    from tillit.faces.api import webhooks
    from tillit.faces.api.models import ApiClient

    client = ApiClient.objects.filter(pk=key, revoked_at=None).first()
    if client is None:
        raise typer.BadParameter("no key of that number", param_hint="--key")
    made, text = webhooks.add(client=client, url=url, events=event)
    typer.echo(f"endpoint {made.pk}; it sends to /api/v1/webhooks/{made.public}; secret, shown this once:", err=True)
    typer.echo(text)


@app.command(name="list")
def show() -> None:
    """List the endpoints and how many events wait or were given up."""
    ready()
    from tillit.faces.api.models import WebhookEndpoint

    table = Table("endpoint", "of", "sends to us at", "told at", "waiting", "given up", "stopped", box=None)
    for one in WebhookEndpoint.objects.select_related("client").order_by("id"):
        counts = {state: one.deliveries.filter(state=state).count() for state in ("waiting", "dead")}
        table.add_row(
            str(one.pk),
            one.client.owner,
            f"/api/v1/webhooks/{one.public}",
            one.url,
            str(counts["waiting"]),
            str(counts["dead"]),
            f"{one.stopped_at:%Y-%m-%d}" if one.stopped_at else "",
        )
    out.print(table if table.row_count else "no webhooks yet: tillit webhook add")


@app.command()
def rotate(endpoint: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """Make a new secret and print it; the one before it counts for a day more."""
    ready()
    from tillit.faces.api import webhooks
    from tillit.faces.api.models import WebhookEndpoint

    found = WebhookEndpoint.objects.filter(pk=endpoint, stopped_at=None).first()
    if found is None:
        raise typer.BadParameter("no endpoint of that number", param_hint="ENDPOINT")
    typer.echo(webhooks.rotate(endpoint=found))


@app.command()
def stop(endpoint: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """Stop an endpoint: nothing is sent to it and nothing taken in from it."""
    ready()
    from tillit.faces.api import webhooks
    from tillit.faces.api.models import WebhookEndpoint

    found = WebhookEndpoint.objects.filter(pk=endpoint).first()
    if found is None:
        raise typer.BadParameter("no endpoint of that number", param_hint="ENDPOINT")
    out.print(f"endpoint {endpoint} {'stopped' if webhooks.stop(endpoint=found) else 'was stopped before'}")


@app.command()
def replay(
    endpoint: Annotated[int, typer.Argument(help="Its number in the list: all that was given up there is sent again.")],
) -> None:
    """Put every event that was given up on its way again."""
    ready()
    from tillit.faces.api import webhooks

    rows = list(webhooks.dead().filter(endpoint_id=endpoint))
    out.print(f"{sum(webhooks.replay(delivery=row) for row in rows)} events on their way again")
