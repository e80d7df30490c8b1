"""``tillit insurance``: what products insure, covers that follow agreements, insurers told (D7)."""

from datetime import date
from typing import Annotated

import typer

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
out = console()
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]


@app.command()
def terms(
    product: Annotated[str, typer.Argument(help="Key of the product that insures.")],
    controller: Controller,
    policy: Annotated[str, typer.Option("--policy", help="Number of the policy.")],
    most: Annotated[str, typer.Option("--most", help="Largest sum of a claim.")],
    nb: Annotated[str, typer.Option("--nb", help="What it insures, in Norwegian.")],
    en: Annotated[str, typer.Option("--en", help="What it insures, in English.")],
    own_share: Annotated[str, typer.Option("--own-share", help="The customer's own share.")] = "0",
    starts: Annotated[str, typer.Option("--from", help="First day; today unless given.")] = "",
) -> None:
    """Say what a product insures from a day on; what held before ends then."""
    found = controller_of(controller)
    from tillit.kernel import clock
    from tillit.kernel.money import Money
    from tillit.services.covers import keep_terms

    made = keep_terms(
        controller=found,
        product=product,
        policy=policy,
        insures={"nb": nb, "en": en},
        most=Money.parse(most, "NOK", locale="nb").minor,
        own_share=Money.parse(own_share, "NOK", locale="nb").minor,
        starts=date.fromisoformat(starts) if starts else clock.today(),
    )
    out.print(f"{made.product}: {made.policy} from {made.starts}", markup=False)


@app.command()
def follow() -> None:
    """Have covers follow the agreements that give them; what the worker does every night."""
    ready()
    from tillit.journeys.insurance import follow_agreements

    out.print(f"{follow_agreements()} covers changed", markup=False)


@app.command()
def tell() -> None:
    """Tell insurers and brokers what waits for them; what the worker does every minute."""
    ready()
    from tillit.journeys.insurance_told import tell_everywhere

    out.print(f"{tell_everywhere()} told", markup=False)
