"""Commands that set up: Label Studio, the project, the backend, the settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lsal import keys
from lsal.commands.command import Arguments, Command, argument
from lsal.commands.ending import DOWN, STOP
from lsal.commands.making import NEW
from lsal.commands.progress import shown
from lsal.commands.sight import at_a_glance
from lsal.errors import BadRequest
from lsal.label_studio import greeting
from lsal.workbench import Workbench

_BY_CONTROL = {"family": 'family={"CONTROL": "random"}', "options": 'options={"CONTROL": {"strength": 2}}'}
"""Settings that are no single value, and how to write them."""


def attach(bench: Workbench, a: Arguments) -> Any:
    """Attach to a project on a server and sync it."""
    number = a.number if a.number is not None else greeting.project_in(a.url)
    if a.more:  # not named in the error: it may be the key, and the error is saved with the notebook
        raise BadRequest("attach takes an address and a number, and no key on the line", f"Empty that cell. {keys.ASK}")
    key = keys.from_file(Path(a.key_file)) if a.key_file else keys.ask(a.url) if a.ask else ""
    bench.attach(a.url, number, key, Path(a.ca) if a.ca else None).sync()
    return bench.status()


def _project(text: str) -> int:
    """A project's id; what else stands there is not repeated, for it may be a key."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("after the address comes the project's id, a number")
    return int(text)


def use(bench: Workbench, a: Arguments) -> Any:
    """Make another project the one that commands mean; without a name, which there are."""
    if a.project_or_home is None:
        return {"projects": [{"use": name, "title": home.title, "where": home.url} for name, home in bench.projects()]}
    bench.use(a.project_or_home)
    return at_a_glance(bench)


def detach(bench: Workbench, a: Arguments) -> Any:
    """Leave the project; predictions go one by one, which takes a while."""
    with shown() as report:
        return bench.detach(a.now, report)


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
    DOWN,
    NEW,
    Command(
        "attach",
        "attach to a project that is on a Label Studio server",
        attach,
        (
            argument("url", help="the address of Label Studio"),
            argument("number", nargs="?", type=_project, help="the project's id, if the address is not its page's"),
            argument("more", nargs="*", help=argparse.SUPPRESS),
            argument("--ask", action="store_true", help="ask for the key, so that no cell and no history holds it"),
            argument("--key-file", help="a file with the key, if LABEL_STUDIO_API_KEY is not set"),
            argument("--ca", metavar="FILE", help="certificates (PEM) to trust for this server, remembered"),
        ),
    ),
    Command(
        "detach",
        "put back what lsal changed in Label Studio, and leave the project; the home stays",
        detach,
        (argument("--now", action="store_true", help="also remove predictions of tasks that somebody may have open"),),
    ),
    Command(
        "use",
        "make another project the active one, or show which there are",
        use,
        (argument("project_or_home", nargs="?", help="a project's id, title or home"),),
    ),
    Command(
        "serve",
        "start the ML backend beside the notebook and connect it",
        lambda bench, a: bench.serve(a.port, a.host, a.address, a.workers, a.engine),
        (
            argument("--port", type=int, default=0, help="the port to listen on"),
            argument("--host", default="", help="a further address to listen on beside loopback, or 0.0.0.0 for all"),
            argument("--address", default="", help="the address Label Studio is to use, or default for loopback"),
            argument("--workers", type=int, default=0, help="how many processes answer; remembered"),
            argument("--engine", default="", help="where models learn and score from now on, as for: lsal set engine="),
        ),
    ),
    STOP,
    Command(
        "sync",
        "pull what changed in Label Studio",
        lambda bench, a: bench.sync(whole=a.whole),
        (argument("--whole", action="store_true", help="read everything again: after data were rewritten in bulk"),),
    ),
    Command(
        "set",
        "show or change the settings of the project",
        set_,
        (argument("pairs", nargs="*", metavar="NAME=VALUE", help="strategy, batch, measuring_share, family, ..."),),
    ),
)
