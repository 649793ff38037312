"""The one table of commands, behind both `%lsal` and the shell's `lsal`.

A command takes the workbench and its arguments, prints nothing, and returns something that
the door shows: a record, a list of records, a Job, a figure, a widget.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadRequest
from lsal.files import to_json
from lsal.jobs import Job
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


def run(bench: Workbench, arguments: Arguments) -> Any:
    """Run the parsed command; without one, the status."""
    return COMMANDS[arguments.command or "status"].run(bench, arguments)


def as_json(shown: Any) -> str:
    """What a command returned, as JSON; a Job by its state."""
    if hasattr(shown, "to_json"):
        return str(shown.to_json().decode())
    return to_json(shown.state() if isinstance(shown, Job) else shown, indent=True).decode()


def _new(bench: Workbench, a: Arguments) -> Any:
    labels = [name.strip() for name in a.labels.split(",") if name.strip()]
    columns = (a.input, a.label)
    bench.new(a.source, demo=a.demo, title=a.title, columns=columns, labels=labels, hold_out=a.hold_out, seed=a.seed)
    bench.sync()
    return bench.status()


def _attach(bench: Workbench, a: Arguments) -> Any:
    try:
        key = Path(a.key_file).read_text().strip() if a.key_file else ""
    except OSError as error:
        raise BadRequest(f"The key cannot be read ({error})", "Give a file that holds nothing but the key") from None
    bench.attach(a.url, a.number, key).sync()
    return bench.status()


def _status(bench: Workbench, a: Arguments) -> Any:
    return bench.status()


def _train(bench: Workbench, a: Arguments) -> Any:
    return _job(bench.train(a.again), a)


def _rank(bench: Workbench, a: Arguments) -> Any:
    return _job(bench.rank(a.strategy, a.batch), a)


def _round(bench: Workbench, a: Arguments) -> Any:
    return _job(bench.round(a.strategy, a.batch), a)


def _job(job: Job, a: Arguments) -> Any:
    if a.wait:
        job.wait()
        return job.state()
    return job


def _label(bench: Workbench, a: Arguments) -> Any:
    return bench.label(a.count)


def _plot(bench: Workbench, a: Arguments) -> Any:
    from lsal.dashboard.figures import learning_curve

    figure = learning_curve(bench.curve())
    if a.out:
        figure.savefig(a.out, dpi=150, bbox_inches="tight")
        return {"written": str(Path(a.out).resolve())}
    return figure


def _rehearse(bench: Workbench, a: Arguments) -> Any:
    options = {name: getattr(a, name) for name in ("input", "label", "start", "batch", "budget", "seeds", "family")}
    return bench.rehearse(a.source, strategies=tuple(a.strategies.split(",")), **options)


_BY_CONTROL = {"family": 'family={"CONTROL": "random"}', "options": 'options={"CONTROL": {"strength": 2}}'}
"""Settings that are no single value, and how to write them."""


def _set(bench: Workbench, a: Arguments) -> Any:
    changes = {}
    for pair in a.pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise BadRequest(f"'{pair}' is not NAME=VALUE", "For example: lsal set batch=50")
        changes[name] = _value(value)
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


def _dashboard(bench: Workbench, a: Arguments) -> Any:
    from lsal.dashboard import Dashboard

    return Dashboard(bench)


def _demo(bench: Workbench, a: Arguments) -> Any:
    if a.notebook:
        from lsal.notebook import execute

        return execute(bench.root, Path(a.notebook), Path(a.out))
    return bench.demo(a.source, rounds=a.rounds, batch=a.batch, seeds=a.seeds, columns=(a.input, a.label))


_WAIT = argument("--wait", action="store_true", help="wait until the job has ended")
_STRATEGY = argument("--strategy", default="", help="a query strategy, if not the project's")
_BATCH = argument("--batch", type=int, default=0, help="tasks in the batch, if not the project's")
_COLUMNS = (
    argument("--input", default="text", help="the column of the texts"),
    argument("--label", default="label", help="the column of the labels"),
)

_TABLE = (
    Command("status", "the project at a glance", _status),
    Command(
        "up",
        "install lsal's own Label Studio if need be, and start it",
        lambda bench, a: {"url": bench.up(a.port).url, "login": bench.login()[0]},
        (argument("--port", type=int, help="the port to listen on"),),
    ),
    Command("down", "end lsal's own Label Studio and the backend", lambda bench, a: {"ended": bench.down()}),
    Command(
        "new",
        "make a project from data",
        _new,
        (
            argument("source", help="digits, a CSV or JSONL file, or a folder of images"),
            argument("--demo", action="store_true", help="keep the labels back, for the simulated annotator"),
            argument("--title", default="", help="the project's title"),
            *_COLUMNS,
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
        _attach,
        (
            argument("url", help="the address of Label Studio"),
            argument("number", type=int, help="the project's id"),
            argument("--key-file", help="a file with the key, if LABEL_STUDIO_API_KEY is not set"),
        ),
    ),
    Command(
        "serve",
        "start the ML backend beside the notebook and connect it",
        lambda bench, a: bench.serve(a.port),
        (argument("--port", type=int, default=0, help="the port to listen on"),),
    ),
    Command("stop", "end the ML backend", lambda bench, a: {"ended": bench.stop()}),
    Command("sync", "pull what changed in Label Studio", lambda bench, a: bench.sync()),
    Command(
        "label",
        "let the simulated annotator label a demo",
        _label,
        (argument("count", type=int, nargs="?", default=0, help="tasks; without it, what is open in the queue"),),
    ),
    Command(
        "train",
        "train on what is labelled",
        _train,
        (argument("--again", default="", metavar="JOB", help="train again from the snapshot of a job"), _WAIT),
    ),
    Command("rank", "rank what is not labelled, and publish the batch", _rank, (_STRATEGY, _BATCH, _WAIT)),
    Command("round", "train, measure, promote or hold, rank, publish", _round, (_STRATEGY, _BATCH, _WAIT)),
    Command("cancel", "stop the running job", lambda bench, a: {"asked": bench.cancel()}),
    Command("versions", "every version on the same measuring tasks", lambda bench, a: bench.curve()),
    Command("rounds", "the trainings so far, with seconds by step", lambda bench, a: bench.rounds()),
    Command(
        "queue",
        "the head of the live queue",
        lambda bench, a: bench.queue(a.count),
        (argument("count", type=int, nargs="?", default=20, help="how many tasks"),),
    ),
    Command("verify", "compare Label Studio's order with what was published", lambda bench, a: bench.verify()),
    Command("plot", "the learning curve", _plot, (argument("--out", default="", help="a PNG, SVG or PDF file"),)),
    Command(
        "rehearse",
        "replay strategies on a labelled table",
        _rehearse,
        (
            argument("source", help="a CSV or JSONL file"),
            *_COLUMNS,
            argument("--strategies", default="auto,random", help="names of strategies, with commas"),
            argument("--start", type=int, default=25, help="labels in the first batch"),
            argument("--batch", type=int, default=20, help="labels in each later batch"),
            argument("--budget", type=int, default=225, help="labels in all"),
            argument("--seeds", type=int, default=5, help="how many replays of each"),
            argument("--family", default=None, help="the model family"),
        ),
    ),
    Command(
        "set",
        "change settings of the project",
        _set,
        (argument("pairs", nargs="+", metavar="NAME=VALUE", help="strategy, batch, measuring_share, family, ..."),),
    ),
    Command("dashboard", "the panel for a notebook", _dashboard),
    Command(
        "demo",
        "the whole loop with a simulated annotator",
        _demo,
        (
            argument(
                "source", nargs="?", default="digits", help="digits, or a labelled CSV, JSONL or folder of images"
            ),
            argument("--rounds", type=int, default=8, help="rounds after the first batch"),
            argument("--batch", type=int, default=25, help="labels in each round"),
            argument("--seeds", type=int, default=5, help="replays of the random baseline"),
            *_COLUMNS,
            argument("--notebook", default="", help="execute this notebook instead"),
            argument("--out", default="demo", help="where the executed notebook and its curve go"),
        ),
    ),
)
COMMANDS: Mapping[str, Command] = {command.name: command for command in _TABLE}
