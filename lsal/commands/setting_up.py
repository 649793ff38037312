"""Commands that set up: Label Studio, the project, the backend, the settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lsal.commands.command import COLUMNS, Arguments, Command, argument
from lsal.commands.sight import status
from lsal.errors import BadRequest
from lsal.workbench import Workbench

_BY_CONTROL = {"family": 'family={"CONTROL": "random"}', "options": 'options={"CONTROL": {"strength": 2}}'}
"""Settings that are no single value, and how to write them."""


def new(bench: Workbench, a: Arguments) -> Any:
    """Make a project and sync it."""
    labels = [name.strip() for name in a.labels.split(",") if name.strip()]
    columns = (a.input, a.label)
    bench.new(a.source, demo=a.demo, title=a.title, columns=columns, labels=labels, hold_out=a.hold_out, seed=a.seed)
    bench.sync()
    return bench.status()


def attach(bench: Workbench, a: Arguments) -> Any:
    """Attach to a project on a server and sync it."""
    try:
        key = Path(a.key_file).read_text().strip() if a.key_file else ""
    except OSError as error:
        raise BadRequest(f"The key cannot be read ({error})", "Give a file that holds nothing but the key") from None
    bench.attach(a.url, a.number, key).sync()
    return bench.status()


def use(bench: Workbench, a: Arguments) -> Any:
    """Make another project the one that commands mean."""
    bench.use(a.number)
    return status(bench, a)


def up(bench: Workbench, a: Arguments) -> Any:
    """Start lsal's own Label Studio; where it is, and how to sign in."""
    running = bench.up(a.port)
    where = bench.root / "label-studio" / "login.json"
    return {"url": running.url, "sign in as": bench.login()[0], "password": f"in {where}"}


def set_(bench: Workbench, a: Arguments) -> Any:
    """Change settings given as NAME=VALUE; returns all of them."""
    changes = {}
    for pair in a.pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise BadRequest(f"'{pair}' is not NAME=VALUE", "For example: lsal set batch=50")
        changes[name] = _value(value)
        if name == "family" and isinstance(changes[name], str) and len(bench.status().controls) == 1:
            changes[name] = dict.fromkeys(bench.status().controls, value)
        if name in _BY_CONTROL and not isinstance(changes[name], Mapping | None):
            raise BadRequest(f"{name} is set for each control", f"For example: lsal set '{_BY_CONTROL[name]}'")
    return bench.configure(**changes)


def _value(text: str) -> Any:
    for read in (int, float, orjson.loads):
        try:
            return read(text)
        except ValueError:
            continue
    return text


SETTING_UP = (
    Command(
        "up",
        "install lsal's own Label Studio if need be, and start it",
        up,
        (argument("--port", type=int, help="the port to listen on"),),
    ),
    Command("down", "end lsal's own Label Studio and the backend", lambda bench, a: {"ended": bench.down()}),
    Command(
        "new",
        "make a project from data",
        new,
        (
            argument("source", help="digits, a CSV or JSONL file, or a folder of images"),
            argument("--demo", action="store_true", help="keep the labels back, for the simulated annotator"),
            argument("--title", default="", help="the project's title"),
            *COLUMNS,
            argument("--labels", default="", help="the classes, with commas, where the data do not tell them"),
            argument(
                "--hold-out", type=float, default=0.2, help="the share of a demo kept out of the project, to test on"
            ),
            argument("--seed", type=int, default=0, help="for the choice of what is held out"),
        ),
    ),
    Command(
        "attach",
        "attach to a project that is on a Label Studio server",
        attach,
        (
            argument("url", help="the address of Label Studio"),
            argument("number", type=int, help="the project's id"),
            argument("--key-file", help="a file with the key, if LABEL_STUDIO_API_KEY is not set"),
        ),
    ),
    Command("use", "make another project the active one", use, (argument("number", help="a project id or home"),)),
    Command(
        "serve",
        "start the ML backend beside the notebook and connect it",
        lambda bench, a: bench.serve(a.port),
        (argument("--port", type=int, default=0, help="the port to listen on"),),
    ),
    Command("stop", "end the ML backend", lambda bench, a: {"ended": bench.stop()}),
    Command("sync", "pull what changed in Label Studio", lambda bench, a: bench.sync()),
    Command(
        "set",
        "show or change the settings of the project",
        set_,
        (argument("pairs", nargs="*", metavar="NAME=VALUE", help="strategy, batch, measuring_share, family, ..."),),
    ),
)
