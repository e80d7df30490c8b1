"""``tillit simulator``: stand-ins for services outside, each a process of its own that listens on this machine."""

from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import django
import typer

from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Stand-ins for services outside, on this machine.")
out = console()
TOKEN = "simulator"  # noqa: S105 (of a stand-in on this machine)


@app.callback()
def group() -> None:
    """Stand-ins for services outside, on this machine."""


@app.command()
def sms(
    controller: Annotated[str, typer.Option("--controller", help="Whose number people send SMS to.")],
    site: Annotated[str, typer.Option("--site", help="Where the site is.")] = "http://127.0.0.1:8000",
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8025,
    token: Annotated[str, typer.Option("--token", help="What the site must show (TILLIT_SMS).")] = TOKEN,
) -> None:
    """An SMS gateway: takes, refuses, loses, delivers twice, and hands SMS in (docs/messages.md). Ends with Ctrl-C."""
    django.setup()
    from tillit.faces.gateway.signed import gateway_secret
    from tillit.faces.simulators.sms import Gateway

    gateway = Gateway(port, site=site, controller=controller, token=token, secret=gateway_secret())
    _listen(gateway)


@app.command()
def issuer(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8028,
    token: Annotated[str, typer.Option("--token", help="What the site must show (TILLIT_ISSUERS).")] = TOKEN,
    slow: Annotated[float, typer.Option("--slow", help="Seconds it takes for what it never answers.")] = 60,
) -> None:
    """A card issuer: confirms, rejects, takes its time, loses answers (docs/services.md). Ends with Ctrl-C."""
    django.setup()
    from tillit.faces.simulators.issuer import Issuer

    _listen(Issuer(port, token=token, slow=slow))


@app.command()
def acquirer(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8029,
    token: Annotated[str, typer.Option("--token", help="What the site must show (TILLIT_ACQUIRER).")] = TOKEN,
    slow: Annotated[float, typer.Option("--slow", help="Seconds it takes for what it never answers.")] = 60,
) -> None:
    """An acquirer: charges cards, keeps payment pages, gives money back, loses answers (docs/services.md)."""
    django.setup()
    from tillit.faces.simulators.acquirer import Acquirer
    from tillit.platform.secrets import secret

    _listen(Acquirer(port, token=token, secret=secret("acquirer"), slow=slow))


@app.command()
def insurer(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8030,
    token: Annotated[str, typer.Option("--token", help="What the site must show (TILLIT_INSURERS).")] = TOKEN,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="Where it writes the certificate files are sealed for.")
    ] = None,
) -> None:
    """An insurer or broker: takes claims, files and decisions, each once, and fails as told (docs/services.md)."""
    django.setup()
    from tillit.faces.simulators.insurer import Insurer

    _listen(Insurer(port, token=token, certificate=certificate))


@app.command()
def partner(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8031,
    token: Annotated[str, typer.Option("--token", help="What the site must show (TILLIT_PARTNERS).")] = TOKEN,
) -> None:
    """A partner that says who is entitled, and a supplier that is told whom it serves (docs/services.md)."""
    django.setup()
    from tillit.faces.simulators.partner import Partner

    _listen(Partner(port, token=token))


@app.command(name="population-register")
def population_register(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8026,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_POPULATION_REGISTER).")] = TOKEN,
) -> None:
    """A population register: events, answers about people, and failures of every kind (docs/registers.md)."""
    django.setup()
    from tillit.faces.simulators.population import PopulationRegister

    _listen(PopulationRegister(port, token=token))


@app.command(name="address-register")
def address_register(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8032,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_ADDRESS_REGISTER).")] = TOKEN,
) -> None:
    """Number and address registers: name and address by telephone number (docs/registers.md)."""
    django.setup()
    from tillit.faces.simulators.population import AddressRegister

    _listen(AddressRegister(port, token=token))


@app.command(name="market-hub")
def market_hub(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8031,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_MARKET_HUB_…).")] = TOKEN,
) -> None:
    """The power market's hub: confirms, rejects, notifies, and fails as told (docs/market-hub.md)."""
    django.setup()
    from tillit.faces.simulators.market_hub import MarketHub

    _listen(MarketHub(port, token=token))


@app.command(name="card-network")
def card_network(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8028,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_OWNERSHIP_SERVICE).")] = TOKEN,
) -> None:
    """A card network that says whose a card is, and its PAR (docs/ownership.md). Ends with Ctrl-C."""
    django.setup()
    from tillit.faces.simulators.card_network import CardNetwork

    network = CardNetwork(port, token=token)
    out.print(f"listening on http://127.0.0.1:{network.server_port}", markup=False)
    try:
        network.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        network.server_close()


@app.command()
def audience(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8027,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_AUDIENCE_…).")] = TOKEN,
) -> None:
    """An advertising network: takes hashes, refuses anything else, and fails as told (docs/audiences.md)."""
    django.setup()
    from tillit.faces.simulators.audience import AdvertisingNetwork

    _listen(AdvertisingNetwork(port, token=token))


def _listen(server: ThreadingHTTPServer) -> None:
    out.print(f"listening on http://127.0.0.1:{server.server_port}", markup=False)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        server.server_close()


@app.command(name="reservation-register")
def reservation_register(
    port: Annotated[int, typer.Option("--port", help="Where it listens; 0: any free one, which it prints.")] = 8032,
    token: Annotated[str, typer.Option("--token", help="What must be shown (TILLIT_RESERVATION_REGISTER).")] = TOKEN,
) -> None:
    """A reservation register: who may not be called or get addressed post (docs/registers.md)."""
    django.setup()
    from tillit.faces.simulators.reservation import ReservationRegister

    _listen(ReservationRegister(port, token=token))
