"""The one table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from lsal.commands import acts
from lsal.commands.command import Command, argument

_WAIT = argument("--wait", action="store_true", help="wait until the job has ended")
_STRATEGY = argument("--strategy", default="", help="a query strategy, if not the project's")
_BATCH = argument("--batch", type=int, default=0, help="tasks in the batch, if not the project's")
_COLUMNS = (
    argument("--input", default="text", help="the column of the texts"),
    argument("--label", default="label", help="the column of the labels"),
)

_TABLE = (
    Command("status", "the project at a glance", acts.status),
    Command(
        "up",
        "install lsal's own Label Studio if need be, and start it",
        acts.up,
        (argument("--port", type=int, help="the port to listen on"),),
    ),
    Command("down", "end lsal's own Label Studio and the backend", lambda bench, a: {"ended": bench.down()}),
    Command(
        "new",
        "make a project from data",
        acts.new,
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
        acts.attach,
        (
            argument("url", help="the address of Label Studio"),
            argument("number", type=int, help="the project's id"),
            argument("--key-file", help="a file with the key, if LABEL_STUDIO_API_KEY is not set"),
        ),
    ),
    Command("use", "make another project the active one", acts.use, (argument("number", help="a project id or home"),)),
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
        acts.label,
        (argument("count", type=int, nargs="?", default=0, help="tasks; without it, what is open in the queue"),),
    ),
    Command(
        "train",
        "train on what is labelled",
        acts.train,
        (argument("--again", default="", metavar="JOB", help="train again from the snapshot of a job"), _WAIT),
    ),
    Command("rank", "rank what is not labelled, and publish the batch", acts.rank, (_STRATEGY, _BATCH, _WAIT)),
    Command("round", "train, measure, promote or hold, rank, publish", acts.round_, (_STRATEGY, _BATCH, _WAIT)),
    Command("cancel", "stop the running job", lambda bench, a: {"asked": bench.cancel()}),
    Command("jobs", "the jobs so far, newest first", lambda bench, a: bench.jobs()[:20]),
    Command("versions", "every version on the same measuring tasks", lambda bench, a: bench.curve()),
    Command("rounds", "the trainings so far, with seconds by step", lambda bench, a: bench.rounds()),
    Command(
        "queue",
        "the head of the live queue",
        acts.queue,
        (argument("count", type=int, nargs="?", default=20, help="how many tasks"),),
    ),
    Command("verify", "compare Label Studio's order with what was published", lambda bench, a: bench.verify()),
    Command("plot", "the learning curve", acts.plot, (argument("--out", default="", help="a PNG, SVG or PDF file"),)),
    Command(
        "rehearse",
        "replay strategies on a labelled table",
        acts.rehearse,
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
        "show or change the settings of the project",
        acts.set_,
        (argument("pairs", nargs="*", metavar="NAME=VALUE", help="strategy, batch, measuring_share, family, ..."),),
    ),
    Command("dashboard", "the panel for a notebook", acts.dashboard),
    Command(
        "demo",
        "the whole loop with a simulated annotator",
        acts.demo,
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
