"""``tillit keys``: the key-encryption key is changed."""

import typer

from tillit.faces.cli.ready import ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Change the key that keys are wrapped with.")
out = console()


@app.callback()
def keys() -> None:
    """Change the key that keys are wrapped with."""


@app.command()
def rewrap() -> None:
    """Wrap everything with the version that TILLIT_KEY_ENCRYPTION_VERSION names, and say which secret may go."""
    ready()
    from tillit.journeys.rewrapping import rewrap as run

    done = run()
    out.print(
        f"wrapped anew: {done.keys} data keys, {done.time_codes} secrets of authenticator apps, "
        f"{done.signing_keys} keys that sign mail"
    )
    if done.unneeded:
        out.print(
            "not needed any more in two hours, when no copy of the keys is wrapped with it and this finds 0 data keys: "
            f"{done.unneeded}"
        )
