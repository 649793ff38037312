"""The functions behind the commands that take more than a line."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lsal.commands.command import Arguments
from lsal.errors import BadRequest, LabelStudioError
from lsal.jobs import Job
from lsal.workbench import Workbench


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


def status(bench: Workbench, a: Arguments) -> Any:
    """The project at a glance, as Label Studio has it now if it answers."""
    _refresh(bench)
    return bench.status()


def queue(bench: Workbench, a: Arguments) -> Any:
    """The head of the live queue, as Label Studio has it now if it answers."""
    _refresh(bench)
    return bench.queue(a.count)


def _refresh(bench: Workbench) -> None:
    """Pull what changed, once there was a first sync; a server that does not answer is no obstacle."""
    if bench.desk.mirror.fact("watermark"):
        with contextlib.suppress(LabelStudioError):
            bench.sync()


def use(bench: Workbench, a: Arguments) -> Any:
    """Make another project the one that commands mean."""
    bench.use(a.number)
    return status(bench, a)


def up(bench: Workbench, a: Arguments) -> Any:
    """Start lsal's own Label Studio; where it is, and how to sign in."""
    running = bench.up(a.port)
    where = bench.root / "label-studio" / "login.json"
    return {"url": running.url, "sign in as": bench.login()[0], "password": f"in {where}"}


def train(bench: Workbench, a: Arguments) -> Any:
    """Start a training."""
    return _job(bench.train(a.again), a)


def rank(bench: Workbench, a: Arguments) -> Any:
    """Start a ranking."""
    return _job(bench.rank(a.strategy, a.batch), a)


def round_(bench: Workbench, a: Arguments) -> Any:
    """Start a round."""
    return _job(bench.round(a.strategy, a.batch), a)


def _job(job: Job, a: Arguments) -> Any:
    if a.wait:
        job.wait()
        return job.state()
    return job


def label(bench: Workbench, a: Arguments) -> Any:
    """Let the simulated annotator label."""
    return bench.label(a.count)


def plot(bench: Workbench, a: Arguments) -> Any:
    """The learning curve as a figure, or written to a file."""
    figure = bench.plot()
    if a.out:
        figure.savefig(a.out, dpi=150, bbox_inches="tight")
        return {"written": str(Path(a.out).resolve())}
    return figure


def rehearse(bench: Workbench, a: Arguments) -> Any:
    """Replay strategies on a table."""
    options = {name: getattr(a, name) for name in ("input", "label", "start", "batch", "budget", "seeds", "family")}
    return bench.rehearse(a.source, strategies=tuple(a.strategies.split(",")), **options)


_BY_CONTROL = {"family": 'family={"CONTROL": "random"}', "options": 'options={"CONTROL": {"strength": 2}}'}
"""Settings that are no single value, and how to write them."""


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


def dashboard(bench: Workbench, a: Arguments) -> Any:
    """The panel for a notebook."""
    from lsal.dashboard import Dashboard

    return Dashboard(bench)


def demo(bench: Workbench, a: Arguments) -> Any:
    """The whole loop, in this process or as a notebook."""
    if a.notebook:
        from lsal.notebook import execute

        return execute(bench.root, Path(a.notebook), Path(a.out), rounds=a.rounds)
    return bench.demo(a.source, rounds=a.rounds, batch=a.batch, seeds=a.seeds, columns=(a.input, a.label))
