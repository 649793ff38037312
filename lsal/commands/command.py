"""What a command is: its words, its arguments, and the function behind it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from lsal.errors import BadRequest
from lsal.workbench import Workbench

Arguments = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command, as argparse takes it."""

    names: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, what it does, and the function that does it."""

    name: str
    help: str
    run: Callable[[Workbench, Arguments], Any]
    arguments: tuple[Argument, ...] = ()


def argument(*names: str, **options: Any) -> Argument:
    """An argument, written as for argparse's add_argument."""
    return Argument(names, options)


COLUMNS = (
    argument("--input", default="text", help="the column of the texts"),
    argument("--label", default="label", help="the column of the labels"),
)
"""The columns of a table, for every command that reads one."""

FAMILY_OPTIONS = argument("--options", default="", help="options of the model family, as JSON: '{\"epochs\": 20}'")
"""For commands that train without a project's settings."""


def options_of(a: Arguments) -> Mapping[str, Any]:
    """The options of a model family that were given; raises BadRequest for what is no JSON object."""
    try:
        given = orjson.loads(a.options or "{}")
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise BadRequest(f"--options {a.options} is no JSON object", "For example: --options '{\"epochs\": 20}'")
    return given
