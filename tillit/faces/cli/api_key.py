"""``tillit api-key``: keys for partners' systems, each for one source of purchases. A key is printed once."""

from typing import Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke keys to the API.")
out = console()


@app.command()
def add(
    source: Annotated[str, typer.Option(help="The key of the source of purchases.")],
    name: Annotated[str, typer.Option(help="What uses it, such as 'tills, head office'.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="purchases:write, purchases:read; default: both. May be repeated.")
    ] = None,
    per_minute: Annotated[int, typer.Option(help="The most calls a minute.", min=1)] = 600,
) -> None:
    """Make a key and print it: it is kept nowhere. The other lines go to standard error, so that it can be piped."""
    ready()
    from tillit.faces.api import keys
    from tillit.purchases.models import Source

    found = Source.objects.select_related("register").filter(key=source).first()
    if found is None:
        raise typer.BadParameter(f"no source '{source}'", param_hint="--source")
    client, text = keys.add(source=found, name=name, scopes=scope or list(keys.SCOPES), per_minute=per_minute)
    typer.echo(f"key {client.pk} of {source}, shown this once:", err=True)
    typer.echo(text)


@app.command(name="list")
def show() -> None:
    """List the keys: what each may do, when it was last used, whether it is revoked."""
    ready()
    from tillit.faces.api.models import ApiClient

    table = Table("key", "source", "name", "may", "a minute", "made", "last used", "revoked", box=None, pad_edge=False)
    for one in ApiClient.objects.select_related("source").order_by("id"):
        table.add_row(
            str(one.pk),
            one.source.key,
            one.name,
            ", ".join(one.scopes),
            str(one.per_minute),
            f"{one.created_at:%Y-%m-%d}",
            str(one.used_on or "never"),
            f"{one.revoked_at:%Y-%m-%d}" if one.revoked_at else "",
        )
    out.print(table if table.row_count else "no keys yet: tillit api-key add")


@app.command()
def revoke(key: Annotated[int, typer.Argument(help="Its number in the list.")]) -> None:
    """Revoke a key: its next call is refused."""
    ready()
    from tillit.faces.api import keys
    from tillit.faces.api.models import ApiClient

    found = ApiClient.objects.select_related("source").filter(pk=key).first()
    if found is None:
        raise typer.BadParameter("no key of that number", param_hint="KEY")
    done = keys.revoke(client=found)
    out.print(f"key {key} {'revoked' if done else 'was revoked before'}")
