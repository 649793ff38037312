"""The one table of commands, behind both `%lsal` and the shell's `lsal`.

A command takes the workbench and its arguments, prints nothing, and returns something that
the door shows: a record, a list of records, a Job, a figure, a widget.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from lsal.commands.command import Arguments
from lsal.commands.table import COMMANDS
from lsal.errors import BadRequest
from lsal.files import to_json
from lsal.jobs import Job
from lsal.keys import ASK, looks_like_key
from lsal.room import not_written
from lsal.workbench import Workbench

__all__ = ["COMMANDS", "HELP", "as_json", "build_parser", "refuse_keys", "run", "with_command"]

HELP = ("-h", "--help")


def build_parser(
    make: Callable[..., argparse.ArgumentParser] = argparse.ArgumentParser,
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of all commands, and that of each by its name."""
    parser = make(prog="lsal", description="The learning loop for Label Studio.")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--json", action="store_true", help="print JSON")
    everywhere.add_argument("--project", help="a project id or home, if not the active one")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND")
    parsers = {}
    for command in COMMANDS.values():
        parsers[command.name] = choices.add_parser(command.name, help=command.help, parents=[everywhere])
        for entry in command.arguments:
            parsers[command.name].add_argument(*entry.names, **entry.options)
    return parser, parsers


def with_command(words: Sequence[str]) -> list[str]:
    """The words of a line, beginning with a command: `status` where none is named."""
    named = bool(words) and (words[0] in HELP or not words[0].startswith("-"))
    return [*words] if named else ["status", *words]


def refuse_keys(words: Sequence[str]) -> None:
    """Raise BadRequest for a line with a key on it, before anything else shows or keeps a part of it."""
    if any(looks_like_key(part) for word in words for part in re.split(r"[=:,\s'\"]", word)):
        what = "There is a key on the line: lsal takes none from there, where it is saved and other programs see it"
        raise BadRequest(what, f"Take it out, and renew the key if others saw it. {ASK}")


def run(bench: Workbench, arguments: Arguments) -> Any:
    """Run the parsed command. Raises NotWritten where the disk did not take something."""
    try:
        return COMMANDS[arguments.command].run(bench, arguments)
    except (OSError, sqlite3.OperationalError) as error:
        raise not_written(error, bench.root, f"lsal {arguments.command}") or error from None


def as_json(shown: Any) -> str:
    """What a command returned, as JSON; a Job by its state."""
    if hasattr(shown, "to_json"):
        return str(shown.to_json().decode())
    return to_json(shown.state() if isinstance(shown, Job) else shown, indent=True).decode()
