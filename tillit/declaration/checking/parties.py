"""The arrangement of controllership holds together, alone and with the other controllers (A1)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context, Path
from tillit.declaration.errors import Problem
from tillit.declaration.parts import Arrangement

AT: Path = ("controller", "arrangement")


def problems(context: Context) -> Iterator[Problem]:
    """What each kind of arrangement must state, and what the controllers sharing a register must agree on."""
    arrangement = context.declaration.controller.arrangement
    if arrangement.kind == "processor" or arrangement.also_processor:
        yield from _operator(context, arrangement)
    if arrangement.kind == "department" and not arrangement.directory:
        message = "a department is found through a directory: name it"
        yield context.problem(AT, "no-directory", message)
    if arrangement.kind == "joint":
        yield from _joint(context, arrangement)
    elif arrangement.holder or not set(arrangement.parties) <= {context.declaration.controller.key}:
        yield context.problem(AT, "not-joint", "holder and parties belong to a joint arrangement")
    yield from _siblings(context, arrangement)
    yield from _registration(context)


def _registration(context: Context) -> Iterator[Problem]:
    """A registration sends a code to the mobile: somebody declared carries text messages (B6, A8)."""
    if any("sms" in processor.carries for processor in context.declaration.processors):
        return
    for i, way in enumerate(context.declaration.sign_in_ways):
        if way.key == "registration":
            message = "a registration sends a code by SMS: a processor must carry sms"
            yield context.problem(("sign_in_ways", i), "registration-sms", message)


def _operator(context: Context, arrangement: Arrangement) -> Iterator[Problem]:
    if not arrangement.operator:
        yield context.problem(AT, "no-operator", "an operator that processes for the controller must be named")
        return
    controller = context.declaration.controller
    known = {name for item in context.declaration.processors for name in (item.key, item.name)}
    if arrangement.operator in {controller.key, controller.name}:
        return  # the operator's own declaration
    if arrangement.operator not in known:
        message = f"the operator '{arrangement.operator}' must stand under processors with its agreement"
        yield context.problem((*AT, "operator"), "operator-agreement", message)


def _joint(context: Context, arrangement: Arrangement) -> Iterator[Problem]:
    key = context.declaration.controller.key
    if not arrangement.division:
        message = "joint controllers state the division of responsibility (GDPR art. 26)"
        yield context.problem(AT, "no-division", message)
    if len(set(arrangement.parties)) < 2 or key not in arrangement.parties:
        message = f"parties names '{key}' and every other controller of the register"
        yield context.problem((*AT, "parties"), "joint-parties", message)
    if arrangement.holder not in arrangement.parties:
        message = "holder is the party whose rows are held jointly and the contact point"
        yield context.problem((*AT, "holder"), "joint-holder", message)


def _siblings(context: Context, arrangement: Arrangement) -> Iterator[Problem]:
    own = context.declaration.controller.key
    for other in context.siblings:
        controller = other.controller
        if controller.key == own or controller.arrangement.register_key != arrangement.register_key:
            continue
        if "joint" not in {arrangement.kind, controller.arrangement.kind}:
            message = f"register '{arrangement.register_key}' is also that of '{controller.key}', but not jointly"
            yield context.problem((*AT, "register"), "register-shared", message)
        elif controller.key not in arrangement.parties:
            message = f"'{controller.key}' shares the register but is not among the parties"
            yield context.problem((*AT, "parties"), "joint-parties", message)
        elif controller.arrangement.holder != arrangement.holder:
            message = f"'{controller.key}' names the holder '{controller.arrangement.holder}'"
            yield context.problem((*AT, "holder"), "joint-holder", message)
    known = {own, *(other.controller.key for other in context.siblings)}
    for n, party in enumerate(arrangement.parties):
        if context.siblings and party not in known:
            message = f"there is no declaration of the party '{party}'"
            yield context.problem((*AT, "parties", n), "joint-parties", message)
