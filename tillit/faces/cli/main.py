"""Finds the command and turns every failure into one line and an exit code."""

import importlib
import os
import re
import sys
import traceback
from typing import Any

import typer
from rich.console import Console

# Command → what it is for. Its module beside this one (dashes become underscores) holds a typer application `app`, and
# is imported only when the command is used, so that `tillit db stop` works whatever else is broken.
COMMANDS: dict[str, str] = {
    "api-key": "Make, list and revoke keys to the API.",
    "benefits": "Suppliers and their frames, the catalogue of benefits, single-use codes.",
    "webhook": "Add, list, rotate and stop webhooks; send again what was given up.",
    "audit": "Verify, link and read the audit trail.",
    "audiences": "Audiences for advertising elsewhere: who is in them, and why others are not.",
    "backup": "Make, list and verify encrypted backups.",
    "bench": "Measure, beside yardsticks of the same run.",
    "bonus": "Use, correct and expire bonus, and report on the programmes.",
    "breach": "Register breaches, keep their deadlines, tell whom they concern, practise.",
    "campaigns": "Newsletters and campaigns: count sets, follow, pause, cancel.",
    "db": "Start, stop and inspect the database.",
    "cookies": "Scan a site in a browser: what it stores and asks for, held against the register.",
    "declare": "Check, publish, compare and render declarations.",
    "demo": "Declare five controllers and run the main job on a year of baskets.",
    "disclosures": "Who has received what, and who is still to be told of a change.",
    "doctor": "Look whether this installation can do its work: disks, database, jobs, backups, settings.",
    "docs": "Write the documents that are made from the code.",
    "draw": "List draws, show one, and repeat it: from what is stored, or from the published files alone.",
    "hold": "Keep what a claim, dispute or order concerns; release it; list what is held.",
    "handover": "Hand a controller's people and data over to another controller: merger, acquisition, sale.",
    "import": "Take in files: purchases, members, meter values, and the rows that were put aside.",
    "insurance": "What products insure, covers, insurers and brokers told of claims.",
    "issuers": "Keep the issuers that orders to block a card go to.",
    "keys": "Change the key that keys are wrapped with.",
    "members": "Enrol members, show them, their cards, and let them leave.",
    "messages": "Take in what mail servers send back, and mail to customer service; list what failed.",
    "migrate": "Create or update the database's tables and rules.",
    "misuse": "Signs of misuse with their evidence, and the cases they lead to.",
    "payments": "Terms of payment, billing, the bank's files, the books as a file.",
    "power": "A month's bills of every metering point as a file.",
    "programme": "Keep chains, stores, product groups, sources, rates and terms.",
    "prove": "Hold every promise against the running system.",
    "readings": "Files of meter values, and their rows that were put aside.",
    "refresh": "Speak with registers outside now: the population register, the power market's hub.",
    "register": "What a union consists of, how its files are written, and their rows that were put aside.",
    "restore": "Put a backup back, with everything people have decided since.",
    "retain": "Dispose of everything that is due, or say what would be.",
    "rights": "Handle requests about a person's rights: the queue, answers, access, erasure.",
    "serve": "Serve the site.",
    "services": "Products, prices, suppliers and paying partners of a services company, and partners' lists.",
    "simulate": "Years of a synthetic population under the declarations; is anything overdue?",
    "simulator": "Stand-ins for services outside: SMS, registers, advertising, a card issuer, a market hub.",
    "staff": "Take on, list and end members of staff.",
    "work": "Do what is due by itself: retention, the audit chain.",
}

# Commands whose name cannot be a module's.
MODULES = {"import": "imports"}

_SHORTEST = 13
_OURS = re.compile(r"\d{17,19}")

out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillit.settings")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one exit a kind of ending
    """Run a command; returns the exit code and never raises."""
    name, *rest = arguments or [""]
    if name in {"", "--help", "-h", "help"}:
        _help()
        return 0 if name else 2
    if _tells_card(rest):
        return _say("a full card number may not stand in what is written; give its last four digits", 2)
    if name not in COMMANDS:
        return _say(f"no command {name!r}: tillit --help lists them", 2)
    try:
        module = importlib.import_module(f"tillit.faces.cli.{MODULES.get(name, name.replace('-', '_'))}")
        command = typer.main.get_command(module.app)
        result: Any = command.main(args=rest, prog_name=f"tillit {name}", standalone_mode=False)
    except typer.TyperException as wrong:
        return _say(wrong.format_message(), wrong.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted", 130)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BrokenPipeError:  # the reader has seen enough, as in `tillit … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the boundary: nothing may escape as a traceback
        return _failed(error)
    return result if isinstance(result, int) else 0


def _tells_card(arguments: list[str]) -> bool:
    """Whether a full card number was written (D5). A number as long as ours are, alone, is one of ours; what is given
    for the column `card` of a row put aside becomes a digest.
    """
    long = [one.rpartition("=")[2] if one.startswith("-") else one for one in arguments if not one.startswith("card=")]
    long = [one for one in long if sum(map(str.isdecimal, one)) >= _SHORTEST and not _OURS.fullmatch(one)]
    if not long:
        return False  # and nothing is imported: `tillit db stop` works whatever else is broken
    from tillit.kernel.card_numbers import has_card_number

    return any(map(has_card_number, long))


def _help() -> None:
    out.print("Usage: tillit COMMAND …\n\nMembership, bonus and customer programmes on a statement that executes.\n")
    width = max(map(len, COMMANDS)) + 2
    for name, purpose in COMMANDS.items():
        out.print(f"  {name:<{width}}{purpose}", markup=False)
    out.print("\ntillit COMMAND --help tells more about each.")


def _failed(error: Exception) -> int:
    if os.environ.get("TILLIT_DEBUG") == "1":
        traceback.print_exc()
    if type(error).__module__.startswith("tillit."):
        # Our own errors are written for people; one that blames the input carries `exit_code` 2.
        return _say(str(error), getattr(error, "exit_code", 1))
    if type(error).__module__ in {"django.db.utils", "psycopg", "psycopg.errors"}:
        return _say(_database_trouble(error), 1)
    if isinstance(error, OSError) and error.strerror:
        return _say(f"{error.strerror}: {error.filename}" if error.filename else error.strerror, 1)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return _say(f"internal error: {type(error).__qualname__} at {frame.filename}:{frame.lineno}", 1)


def _database_trouble(error: Exception) -> str:
    """What is wrong with the database. Never PostgreSQL's own words about rows, which quote them."""
    from django.db import InterfaceError, OperationalError
    from psycopg import InterfaceError as DriverInterfaceError
    from psycopg import OperationalError as DriverOperationalError

    from tillit.platform import database

    no_connection = (OperationalError, InterfaceError, DriverOperationalError, DriverInterfaceError)
    cause = error.__cause__ or error
    state = getattr(cause, "sqlstate", None)
    if state is None and not isinstance(cause, no_connection):
        # The driver's own complaint: a value that Python or PostgreSQL cannot hold. Its words may quote the value.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(cause).__name__} at {frame.filename}:{frame.lineno}"
        return f"a value does not fit between the database and Tillit: {place}"
    if state is None or state.startswith(("08", "57P")):
        return str(database.unreachable(database.place(), cause))
    if state == "53100":
        return "the database's disk is full: make room; what was under way is undone"
    if state == "42P01":
        return "the database lacks a table: run tillit migrate"
    return f"the database refused: {type(cause).__name__} ({state})"


def _say(message: str, code: int) -> int:
    if message:  # a command without arguments has printed its help instead
        errors.print(f"tillit: {message}", style="red" if errors.is_terminal else None, markup=False)
    return code
