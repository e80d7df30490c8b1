"""``tillit api-key``: keys of sources of purchases, tills, suppliers, paying partners and controllers' systems."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

if TYPE_CHECKING:
    from tillit.faces.api.models import ApiClient

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke keys to the API.")
out = console()


@app.command()
def add(
    name: Annotated[str, typer.Option(help="What uses it, such as 'tills, head office'.")],
    source: Annotated[str, typer.Option(help="The key of a source of purchases.")] = "",
    chain: Annotated[str, typer.Option(help="Or the key of a chain, for its tills.")] = "",
    store: Annotated[str, typer.Option(help="With --chain: the number of its only store.")] = "",
    supplier: Annotated[str, typer.Option(help="Or the key of a supplier of benefits.")] = "",
    partner: Annotated[str, typer.Option(help="Or the key of a partner that pays for services.")] = "",
    controller: Annotated[str, typer.Option(help="Or the key of a controller, for a system it declares.")] = "",
    system: Annotated[str, typer.Option(help="With --controller: the recipient or processor, as declared.")] = "",
    activity: Annotated[str, typer.Option(help="With --controller: what the system is declared for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do (docs/api.md); default: all. May be repeated.")
    ] = None,
    per_minute: Annotated[int, typer.Option(help="The most calls a minute.", min=1)] = 600,
) -> None:
    """Make a key and print it: it is kept nowhere. The other lines go to standard error, so that it can be piped."""
    ready()
    from tillit.benefits.models import Supplier
    from tillit.faces.api import keys
    from tillit.purchases.models import Chain, Source, Store
    from tillit.services.product_models import Partner

    if sum(map(bool, (source, chain, supplier, partner, controller))) != 1:
        raise typer.BadParameter("name a source, a chain, a supplier, a partner or a controller", param_hint="--source")
    whose = controller_of(controller) if controller else None
    by = Supplier.objects.filter(key=supplier).first() if supplier else None
    if supplier and by is None:
        raise typer.BadParameter(f"no supplier '{supplier}'", param_hint="--supplier")
    payer = Partner.objects.select_related("controller").filter(key=partner).first() if partner else None
    if partner and payer is None:
        raise typer.BadParameter(f"no partner '{partner}'", param_hint="--partner")
    of = Source.objects.select_related("register").filter(key=source).first() if source else None
    at = Chain.objects.select_related("controller").filter(key=chain).first() if chain else None
    if not any((of, at, by, payer, whose)):
        raise typer.BadParameter(f"no {'source' if source else 'chain'} '{source or chain}'", param_hint="--source")
    one = Store.objects.filter(chain=at, number=store).first() if store else None
    if store and one is None:
        raise typer.BadParameter(f"no store '{store}'", param_hint="--store")
    may = scope or list(keys.scopes_of(source=of, supplier=by, partner=payer, controller=whose))
    client, text = keys.add(
        source=of,
        chain=at,
        store=one,
        supplier=by,
        partner=payer,
        controller=whose,
        system_key=system,
        activity=activity,
        name=name,
        scopes=may,
        per_minute=per_minute,
    )
    typer.echo(f"key {client.pk} of {client.owner}, shown this once:", err=True)
    typer.echo(text)


@app.command(name="list")
def show() -> None:
    """List the keys: what each may do, when it was last used, whether it is revoked."""
    ready()
    from tillit.faces.api.models import ApiClient

    table = Table("key", "of", "name", "may", "a minute", "made", "last used", "revoked", box=None, pad_edge=False)
    for one in ApiClient.objects.select_related(
        "source", "chain", "store", "supplier", "partner", "controller"
    ).order_by("id"):
        table.add_row(
            str(one.pk),
            _of(one),
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


def _of(one: "ApiClient") -> str:
    """What a key is for."""
    if one.controller is not None:
        return f"{one.controller.key}: {one.system}, {one.activity}"
    return f"{one.owner} {one.store.number}" if one.store else one.owner
