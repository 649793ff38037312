"""The whole loop on data whose labels are known, with a simulated annotator and a random baseline.

The baseline is replayed in this process: random batches, the same model family, options and number
of labels, every one of them trained on. The real run leaves its measuring tasks out of training,
so the comparison is, if anything, in the baseline's favour.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsal import annotator, measuring, predicting
from lsal.annotator import Labelled
from lsal.errors import JobFailed
from lsal.files import read_json
from lsal.measuring import Measured
from lsal.models import MODELS
from lsal.records import Example

if TYPE_CHECKING:
    from lsal.workbench.bench import Workbench


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo showed, by the main figure of what is learned: `metric`.

    The `value` of a round is over the measuring tasks, its `test_value`, and that of the live version,
    over the items that no task holds.
    """

    metric: str
    rounds: list[dict[str, Any]]
    test_value: float | None
    test_tasks: int
    random: dict[str, Any]
    queue: dict[str, int]
    seconds: float
    addresses: dict[str, str]


def run(
    bench: Workbench,
    source: str = "digits",
    rounds: int = 8,
    batch: int = 25,
    seeds: int = 5,
    columns: tuple[str, str] = ("text", "label"),
    options: Mapping[str, Any] | None = None,
    family: str | None = None,
) -> Demo:
    """Make the project, serve, start by centroids, then label and train `rounds` times more.

    `options` are those of the model family, by default the first that can learn the data.
    """
    begun = time.perf_counter()
    if family:
        MODELS.require(family)  # before anything is made
    bench.up()
    bench.new(source, demo=True, columns=columns)
    # The simulated annotator labels each batch to its end, a round follows at once: no refill.
    bench.configure(batch=batch, refill_below=0.0)
    if options or family:
        names = [*bench.desk.handled]
        chosen = {"family": dict.fromkeys(names, family)} if family else {}
        bench.configure(options={name: options or {} for name in names}, **chosen)
    bench.serve()
    bench.rank().wait()
    sittings = []
    for _ in range(rounds + 1):
        sittings.append(bench.label())
        bench.round().wait()
    return report(bench, sittings, seeds, begun)


def report(bench: Workbench, sittings: Sequence[Labelled], seeds: int = 5, begun: float | None = None) -> Demo:
    """What the rounds of a demo project came to, beside the replayed random baseline."""
    rows: list[dict[str, Any]] = []
    for made in bench.rounds():
        tested = held_out(bench, made.version)
        rows.append(
            {
                "version": made.version,
                "labels": made.labels,
                "value": made.value,
                "interval": list(made.interval),
                "measured_on": f"{made.tasks} tasks of the fixed random order, never trained on",
                "test_value": tested.value,
                "promoted": made.promoted,
                "seconds": sum(made.seconds.values()),
                "steps": dict(made.seconds),
            }
        )
    if not rows:
        raise JobFailed("The demo has no round yet", "Run one: lsal label, then lsal round")
    live = bench.desk.store.current()[next(iter(bench.desk.handled))]
    tested = held_out(bench, live)
    served = sum(s.served for s in sittings)
    return Demo(
        metric=tested.metric,
        rounds=rows,
        test_value=tested.value,
        test_tasks=tested.tasks,
        random=baseline(bench, int(rows[-1]["labels"]), seeds),
        queue={
            "published": _published(bench),
            "served": served,
            "in_order": sum(s.in_order for s in sittings),
        },
        seconds=time.perf_counter() - begun
        if begun is not None
        else sum(sum(made.seconds.values()) for made in bench.rounds()),
        addresses=_addresses(bench),
    )


def held_out(bench: Workbench, number: int) -> Measured:
    """A version on a demo's held-out items."""
    version = bench.desk.store.get(number)
    control, kind = bench.desk.handled[version.control]
    items, by = annotator.held_out(bench.home), measuring.ruler(kind)
    told = predicting.thoroughly(predicting.load(version, control), items)
    return by.measure(measuring.answers(by, told, items), measuring.truths(by, items), control.labels)


def _published(bench: Workbench) -> int:
    """How many tasks were published and are open no longer."""
    sizes = [len(read_json(path)["task_ids"]) for path in bench.home.path("publications").glob("*.json")]
    return sum(sizes) - len(bench.verify().open)


def baseline(bench: Workbench, labels: int, seeds: int) -> dict[str, Any]:
    """Random order replayed `seeds` times up to as many labels, measured on the held-out items."""
    from lsal.rehearsal import replay
    from lsal.strategies import STRATEGIES

    name, (control, kind) = next(iter(bench.desk.handled.items()))
    known, test = annotator.truth(bench.home), annotator.held_out(bench.home)
    pool = [
        Example(e.task_id, e.input, known[e.task_id])
        for e in bench.desk.examples(name, bench.desk.mirror.tasks())
        if not e.problem
    ]
    batch, family, draw = bench.home.settings().batch, bench.desk.family(name), STRATEGIES["random"]
    by, options = measuring.ruler(kind), bench.desk.options(name)
    curves = [
        replay(pool, test, control, family, draw, batch, batch, labels, seed, options=options, by=by)
        for seed in range(seeds)
    ]
    ends = [curve.metric[-1] for curve in curves]
    mean = [sum(at) / len(at) for at in zip(*(curve.metric for curve in curves), strict=True)]
    return {"test_value": sum(ends) / len(ends), "seeds": ends, "labels": curves[0].labels, "curve": mean}


def _addresses(bench: Workbench) -> dict[str, str]:
    email, url = bench.login()[0], bench.desk.url
    return {
        "label_studio": f"{url}/projects/{bench.home.project}/data",
        "sign in": f"{email}, password in {bench.root / 'label-studio' / 'login.json'}",
        "home": str(bench.home.folder),
        "again": f"lsal --help   (LSAL_ROOT={bench.root})",
    }
