"""``tillit benefits``: suppliers and their frames, the catalogue as a file, single-use codes."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True, help="Suppliers, the catalogue of benefits, codes.")
out = console()


@app.command()
def supplier(
    key: Annotated[str, typer.Option(help="Small letters, digits, - _.")],
    name: Annotated[str, typer.Option(help="What members read.")],
    number: Annotated[str, typer.Option(help="Its organisation number.")] = "",
    web: Annotated[str, typer.Option(help="Its own site, https.")] = "",
) -> None:
    """Add a supplier, or change what it is called."""
    ready()
    from tillit.benefits import editing

    made = editing.add_supplier(key=key, name=name, organisation_number=number, web=web)
    out.print(f"supplier {made.key}: {made.name}")


@app.command()
def category(
    key: Annotated[str, typer.Option(help="Small letters, digits, - _.")],
    nb: Annotated[str, typer.Option(help="Its name in Norwegian.")],
    en: Annotated[str, typer.Option(help="Its name in English.")] = "",
    position: Annotated[int, typer.Option(help="Where it stands among the others.")] = 0,
) -> None:
    """Add a category, or rename it."""
    ready()
    from tillit.benefits import editing

    names = {"nb": nb, **({"en": en} if en else {})}
    out.print(f"category {editing.add_category(key=key, names=names, position=position).key}")


@app.command()
def frame(
    supplier: Annotated[str, typer.Argument(help="The supplier's key.")],
    union: Annotated[str, typer.Option(help="The controller's key.")],
    recipient: Annotated[str, typer.Option(help="The declared recipient its orders go to; none: no orders.")] = "",
    asked: Annotated[str, typer.Option(help="The declared recipient for what members are asked about.")] = "",
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Default: today.")] = None,
) -> None:
    """Say what a union lets a supplier do from a day on."""
    ready()
    from tillit.benefits import editing
    from tillit.benefits.models import Supplier
    from tillit.kernel import clock
    from tillit.kernel.scope import system

    of = Supplier.objects.filter(key=supplier).first()
    if of is None:
        raise typer.BadParameter(f"no supplier '{supplier}'")
    controller = controller_of(union, option="--union")
    made = editing.frame(
        actor=system("cli", {controller.pk}),
        supplier=of,
        controller=controller,
        recipient=recipient,
        asked_recipient=asked,
        starts=since.date() if since else clock.today(),
    )
    told = f"orders as '{made.recipient}', asks as '{made.asked_recipient}'"
    out.print(f"{supplier} at {union} from {made.starts}: {told}")


@app.command(name="end-frame")
def end_frame(
    supplier: Annotated[str, typer.Argument(help="The supplier's key.")],
    union: Annotated[str, typer.Option(help="The controller's key.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day without; default: today.")
    ] = None,
) -> None:
    """End what a union lets a supplier do: its keys verify no card and see no order of the union from then on."""
    controller = controller_of(union, option="--union")
    from tillit.benefits import editing
    from tillit.benefits.models import Frame
    from tillit.kernel import clock
    from tillit.kernel.scope import system

    day = on.date() if on else clock.today()
    standing = Frame.objects.filter(supplier__key=supplier, controller=controller, ends=None).first()
    if standing is None:
        raise typer.BadParameter(f"'{supplier}' has no frame at '{union}'")
    editing.end_frame(actor=system("cli", {controller.pk}), standing=standing, on=day)
    out.print(f"{supplier} at {union} until {max(day, standing.starts)}")


@app.command(name="list")
def show(on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today.")] = None) -> None:
    """List the benefits: what is published, whether there is a draft, whose members see it on a day."""
    ready()
    from tillit.benefits.models import Benefit, Validity
    from tillit.kernel import clock

    day: date = on.date() if on else clock.today()
    table = Table("benefit", "supplier", "published", "draft", "unions", box=None, pad_edge=False)
    for one in Benefit.objects.select_related("supplier").order_by("key"):
        editions = list(one.editions.order_by("number"))
        published = [e.number for e in editions if e.published_at]
        valid = Validity.objects.filter(benefit=one, starts__lte=day).select_related("controller")
        unions = sorted({v.controller.key for v in valid if v.ends is None or v.ends > day})
        gone = one.withdrawn_on is not None and one.withdrawn_on <= day
        table.add_row(
            one.key,
            one.supplier.key,
            str(published[-1]) if published else "never",
            "yes" if len(published) < len(editions) else "",
            "withdrawn" if gone else ", ".join(unions),
        )
    out.print(table if table.row_count else "no benefits yet: tillit benefits import")


@app.command(name="export")
def export(file: Annotated[Path, typer.Argument(help="Where to write it.")]) -> None:
    """Write the catalogue as CSV."""
    ready()
    from tillit.benefits.catalogue_file import written
    from tillit.declaration.models import Controller

    text = written(controllers=Controller.objects.values_list("pk", flat=True))
    file.write_text(text, encoding="utf-8", newline="")
    out.print(f"{file}: {max(len(text.splitlines()) - 1, 0)} rows")


@app.command(name="import")
def take_in(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="As `export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Publish what became drafts.")] = False,
) -> None:
    """Take a catalogue in: all of it, or nothing when a row is wrong. What changes becomes drafts."""
    ready()
    from tillit.benefits import editing
    from tillit.benefits.catalogue_file import taken_in
    from tillit.benefits.models import Edition
    from tillit.declaration.models import Controller
    from tillit.kernel import clock
    from tillit.kernel.scope import system

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise typer.BadParameter("the file is not UTF-8", param_hint="FILE") from None
    controllers = list(Controller.objects.all())
    done = taken_in(text=text, controllers=controllers, dry=dry_run)
    for wrong in done.wrong:
        out.print(f"line {wrong.line}: {wrong.field}: {wrong.reason}")
    if done.wrong:
        out.print(f"nothing was taken in: {len(done.wrong)} rows are wrong")
        raise typer.Exit(2)
    out.print(f"{len(done.benefits)} benefits, {len(done.drafts)} new drafts, {done.validities} validities")
    if publish and not dry_run:
        drafts = Edition.objects.filter(published_at=None, benefit__key__in=done.benefits).select_related("benefit")
        for draft in drafts:
            editing.publish(
                actor=system("cli", {one.pk for one in controllers}),
                controller_id=controllers[0].pk,
                benefit=draft.benefit,
                at=clock.now(),
            )


@app.command()
def codes(
    benefit: Annotated[str, typer.Argument(help="The benefit's key.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A code a line.")],
) -> None:
    """Put single-use codes into a benefit's pool; those that are there already stay as they are."""
    ready()
    from tillit.benefits import codes as pool
    from tillit.benefits.models import Benefit

    of = Benefit.objects.filter(key=benefit).first()
    if of is None:
        raise typer.BadParameter("no benefit of that key", param_hint="BENEFIT")
    added = pool.fill(benefit=of, codes=[line for line in file.read_text("utf-8").splitlines() if line.strip()])
    out.print(f"{added} new codes, {pool.left(benefit=of)} left")
