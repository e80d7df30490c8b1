"""``tillit issuers``: card issuers and mobile operators that a controller's blocking service reaches (D2)."""

from typing import Annotated

import typer

from tillit.faces.cli.ready import controller_of
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
out = console()
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]
Key = Annotated[str, typer.Argument(help="What the installation calls it in TILLIT_ISSUERS.")]


@app.command()
def keep(
    key: Key,
    controller: Controller,
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    phone: Annotated[str, typer.Option("--phone", help="Where a colleague reaches it at any hour.")],
    kind: Annotated[str, typer.Option("--kind", help="card or subscription.")] = "card",
    country: Annotated[str, typer.Option("--country", help="Where it is, two letters.")] = "NO",
) -> None:
    """Add an issuer, or change what is known of it. It takes orders from now on."""
    found = controller_of(controller)
    from tillit.services.reference_data import keep_issuer

    made = keep_issuer(controller=found, key=key, name=name, kind=kind, phone=phone, country=country)
    out.print(f"{made.key}: {made.name}, {made.kind}, {made.phone}", markup=False)


@app.command()
def end(key: Key, controller: Controller) -> None:
    """From today it takes no more orders; what was handed over is followed up. `keep` takes it back."""
    found = controller_of(controller)
    from tillit.services.reference_data import end_issuer

    out.print("ended" if end_issuer(controller=found, key=key) else "there is no such issuer", markup=False)


@app.command(name="list")
def listed(controller: Controller) -> None:
    """Those that take orders, and whether the installation says how to reach each."""
    found = controller_of(controller)
    from tillit.services.instruments import issuers
    from tillit.services.issuers import reachable

    for one in issuers(controller_id=found.pk):
        how = "by computer" if reachable(one.key) else "by phone only"
        out.print(f"{one.key}: {one.name}, {one.kind}, {one.phone}, {how}", markup=False)
