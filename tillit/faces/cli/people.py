"""How a command names a person: by subject id, or by e-mail or phone in a controller's register."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tillit.kernel.scope import Actor

Subject = Annotated[int | None, typer.Argument(help="The subject's id.", show_default=False)]
Controller = Annotated[str | None, typer.Option("--controller", help="Key of a controller the person knows.")]
Email = Annotated[str | None, typer.Option("--email", help="The e-mail address on record.")]
Phone = Annotated[str | None, typer.Option("--phone", help="The mobile number on record.")]


def person(subject: int | None, controller: str | None, address: str | None) -> "tuple[int, Actor]":
    """The subject meant, and an actor for every controller of its register."""
    from tillit.declaration.models import Controller as Model
    from tillit.kernel.scope import system
    from tillit.parties.lookup import by_address
    from tillit.parties.models import Subject as Person

    if (subject is None) == (address is None or controller is None):
        raise typer.BadParameter("name a subject, or an e-mail address or phone number with --controller")
    if subject is None:
        register = Model.objects.filter(key=controller).values_list("register_id", flat=True).first()
        if register is None:
            raise typer.BadParameter(f"no controller '{controller}'", param_hint="--controller")
        subject = by_address(register_id=register, text=address or "")
    found = None if subject is None else Person.objects.filter(pk=subject).first()
    if found is None:
        raise typer.BadParameter("nobody of that name is known")
    everyone = Model.objects.filter(register_id=found.register_id).values_list("id", flat=True)
    return found.pk, system("rights", everyone)
