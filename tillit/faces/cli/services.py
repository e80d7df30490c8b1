"""``tillit services``: products and who may pay for them, partners, and their lists of who is entitled (D1)."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from tillit.faces.cli.ready import controller_of, ready
from tillit.faces.cli.tables import console

app = typer.Typer(no_args_is_help=True)
out = console()
Controller = Annotated[str, typer.Option("--controller", help="Key of the controller.")]
Key = Annotated[str, typer.Argument(help="Its key.")]
PUT_ASIDE, WAITING = 3, 4


@app.command()
def tell() -> None:
    """Tell suppliers whom they serve, as far as they do not have it; what the worker does every minute."""
    ready()
    from tillit.journeys.suppliers_told import tell_everywhere

    out.print(f"{tell_everywhere()} told", markup=False)


@app.command()
def product(
    key: Key,
    controller: Controller,
    nb: Annotated[str, typer.Option("--nb", help="Its name in bokmål.")],
    en: Annotated[str, typer.Option("--en", help="Its name in English.")],
    gives: Annotated[list[str], typer.Option("--gives", help="A service it gives access to. May be repeated.")],
    paid_by: Annotated[list[str], typer.Option("--paid-by", help="customer, partner; may be repeated.")],
    price: Annotated[str, typer.Option("--price", help="What it costs from now, such as 99.00.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217.")] = "NOK",
    bills: Annotated[str, typer.Option("--bills", help="What the price is for, such as P1M.")] = "P1M",
    notice: Annotated[str, typer.Option("--notice", help="From an ending to its effect, such as P14D.")] = "P0D",
    supplier: Annotated[str, typer.Option("--supplier", help="Who delivers it, where somebody else does.")] = "",
    by_itself: Annotated[
        bool, typer.Option("--by-itself", help="Whom a partner's list names has it, without ordering it.")
    ] = False,
) -> None:
    """Add a product, or change what is known of it. It can be ordered from today."""
    found = controller_of(controller)
    from tillit.kernel import clock
    from tillit.kernel.money import Money
    from tillit.services.reference_data import keep_product, set_price

    made = keep_product(
        controller=found,
        key=key,
        names={"nb": nb, "en": en},
        services=gives,
        payers=paid_by,
        starts=clock.today(),
        bills=bills,
        notice=notice,
        supplier=supplier,
        by_itself=by_itself,
    )
    if price:
        set_price(product=made, price=Money.parse(price, currency), starts=clock.today())
    out.print(f"{made.key}: {', '.join(made.services)}, paid by {' or '.join(made.payers)}", markup=False)


@app.command()
def advice(
    key: Key,
    controller: Controller,
    about: Annotated[str, typer.Option("--about", help="The service it is about.")] = "",
    nb: Annotated[str, typer.Option("--nb", help="What is advised, in bokmål.")] = "",
    en: Annotated[str, typer.Option("--en", help="What is advised, in English.")] = "",
    fitted_to: Annotated[str, typer.Option("--for", help="female or male, where it matters; else everybody.")] = "",
    stop: Annotated[bool, typer.Option("--end", help="Give it no more.")] = False,
) -> None:
    """Add advice about a service, or end it. Who it is fitted to is asked of those alone who want advice (D13)."""
    found = controller_of(controller)
    from tillit.services import advice as all_advice

    if stop:
        out.print("ended" if all_advice.end(controller=found, key=key) else "there is no such advice", markup=False)
        return
    made = all_advice.keep(controller=found, key=key, service=about, texts={"nb": nb, "en": en}, gender=fitted_to)
    out.print(f"{made.key}: {made.service}, for {made.gender or 'everybody'}", markup=False)


@app.command()
def end(key: Key, controller: Controller) -> None:
    """From today a product cannot be ordered. Whoever has it keeps it."""
    found = controller_of(controller)
    from tillit.services.reference_data import end_product

    out.print("ended" if end_product(controller=found, key=key) else "there is no such product", markup=False)


@app.command()
def supplier(
    key: Key,
    controller: Controller,
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    needs: Annotated[list[str], typer.Option("--needs", help="A field it gets (name, phone …). May be repeated.")],
    country: Annotated[str, typer.Option("--country", help="Where it is, two letters.")] = "NO",
) -> None:
    """Add somebody who delivers services for us, and what it is told of a customer."""
    found = controller_of(controller)
    from tillit.services.reference_data import keep_supplier

    made = keep_supplier(controller=found, key=key, name=name, needs=needs, country=country)
    out.print(f"{made.key}: {made.name}, is told {', '.join(made.needs)}", markup=False)


@app.command()
def partner(
    key: Annotated[str, typer.Argument(help="Its key in the declaration.")],
    controller: Controller,
    country: Annotated[str, typer.Option("--country", help="Where it is, two letters.")] = "NO",
    most_ends: Annotated[
        int | None, typer.Option("--most-ends", help="How many in a thousand a list may end unasked.")
    ] = None,
) -> None:
    """Take lists from a partner that the declaration names."""
    found = controller_of(controller)
    from tillit.services.partners import keep

    made = keep(controller=found, key=key, country=country, most_ends=most_ends)
    out.print(f"{made.key}: {made.name}, a list ends at most {made.most_ends} in a thousand unasked", markup=False)


@app.command()
def ground(
    key: Annotated[str, typer.Argument(help="Key of the partner.")],
    controller: Controller,
    which: Annotated[str, typer.Option("--ground", help="The partner's ground in GDPR article 6.")] = "",
    confirmed_by: Annotated[str, typer.Option("--confirmed-by", help="Who confirmed it, at the partner.")] = "",
    document: Annotated[str, typer.Option("--document", help="Where the confirmation is filed.")] = "",
    until: Annotated[str, typer.Option("--until", help="The first day it stands no more, such as 2027-01-01.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It stands no more from today.")] = False,
) -> None:
    """Record that a partner has confirmed its ground for usage reports, or withdraw it. Without one, none is made."""
    found = _partner(controller, key)
    from tillit.kernel import clock
    from tillit.services import partners

    if withdraw:
        out.print("withdrawn" if partners.withdraw_ground(partner=found) else "none stands", markup=False)
        return
    made = partners.confirm_ground(
        partner=found,
        ground=which,
        confirmed_by=confirmed_by,
        document=document,
        starts=clock.today(),
        ends=date.fromisoformat(until) if until else None,
    )
    out.print(f"{found.key}: {made.ground}, confirmed by {made.confirmed_by}, from {made.starts}", markup=False)


@app.command(name="take")
def take(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON, see docs/services.md.")],
    partner: Annotated[str, typer.Option("--partner", help="Key of the partner.")],
    controller: Controller,
    full: Annotated[
        bool | None, typer.Option("--full/--delta", help="Full: who is not in it is entitled no more.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do; store nothing.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Do it although it ends many.")] = False,
) -> None:
    """Take in a partner's list of who is entitled. The same list again does nothing.

    Exit code 0: done. 3: done, but rows were put aside, or endings were withheld. 4: it would end more than the
    partner's share and waits for --approve. 2: the list was refused.
    """
    if full is None:
        raise typer.BadParameter("say whether it is the whole list", param_hint="--full or --delta")
    found = _partner(controller, partner)
    from tillit.journeys import partner_feeds

    tried = partner_feeds.take_file(path=file, partner=found, full=full, dry_run=True)
    approved = {"ends": tried.difference.counts()["ends"]} if approve else None
    done = tried if dry_run else partner_feeds.take_file(path=file, partner=found, full=full, approved=approved)
    _say(done)
    if done.waiting and not dry_run:
        raise typer.Exit(WAITING)
    if done.difference.rejects or done.difference.withheld:
        raise typer.Exit(PUT_ASIDE)


@app.command()
def report(
    key: Annotated[str, typer.Argument(help="Key of the partner.")],
    controller: Controller,
    month: Annotated[str, typer.Option("--month", help="Which month, such as 2026-03.")],
    file: Annotated[Path, typer.Option("--out", help="A new file for the customer numbers.")],
) -> None:
    """Write which of a partner's customers with free access used it in a month. Only while its confirmation stands."""
    found = _partner(controller, key)
    from tillit.journeys.entitlement_asked import usage_report

    first = date.fromisoformat(f"{month}-01")
    until = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    made = usage_report(partner=found, first=first, until=until)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out_file:
        out_file.write("customer_number\n")
        out_file.writelines(f"{one.payload['customer_number']}\n" for one in made.items)
    out.print(f"{len(made.items)} customers, {made.left_out} left out", markup=False)


@app.command(name="list")
def listed(controller: Controller) -> None:
    """The products that can be ordered, and the partners with their standing confirmation."""
    found = controller_of(controller)
    from tillit.kernel import clock
    from tillit.kernel.money import Money
    from tillit.services import agreements, partners

    today = clock.today()
    for one in agreements.orderable(controller_id=found.pk, on=today):
        cost = agreements.price(product=one, on=today)
        said = f"{Money(cost.minor, cost.currency).format()} each {one.bills}" if cost else "no price"
        out.print(f"{one.key}: {', '.join(one.services)}; {' or '.join(one.payers)}; {said}", markup=False)
    for partner in partners.standing(controller_id=found.pk):
        stands = partners.ground(partner=partner, on=today)
        said = f"ground confirmed: {stands.ground}" if stands else "no ground confirmed: no usage report"
        out.print(f"partner {partner.key}: {partner.name}; {said}", markup=False)


def _say(done: Any) -> None:
    out.print(done.described, markup=False)
    if done.repeated:
        out.print("This list was taken in before: nothing to do.")
        return
    for name, count in done.difference.counts().items():
        out.print(f"{count:>8}  {name.replace('_', ' ')}", markup=False)
    for one in done.difference.rejects[:100]:
        out.print(f"  line {one.line}, {one.field or 'line'}: {one.code}", markup=False)
    if done.waiting:
        out.print("It ends more than the partner's share. Nothing was done; give --approve if that is right.")


def _partner(controller: str, key: str) -> Any:
    found = controller_of(controller)
    from tillit.services import partners

    partner = partners.standing(controller_id=found.pk).filter(key=key).first()
    if partner is None:
        raise typer.BadParameter(f"no partner '{key}': tillit services partner", param_hint="PARTNER")
    return partner
