"""A project of four classes after nine trainings, one of them unmeasured, one held, one rolled back, and a replay."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from prepared import HOSTILE, TEXT, prepared, publish

from lsal.files import write_json
from lsal.models import MODELS
from lsal.store import Store
from lsal.workbench import Workbench

CLASSES = ("ham", "spam", HOSTILE, "newsletter")
SKILLS = (0.3, 0.45, 0.55, 0.63, 0.5, 0.72, 0.78, 0.8, 0.83)
UNMEASURED, HELD, LIVE, BACK = 1, 5, 8, 9
TASKS = 80
BIASED = "biased: held-out folds of labels that a strategy chose"
LABELS = list(range(25, 206, 20))
MEANS = [0.3, 0.38, 0.45, 0.5, 0.56, 0.6, 0.64, 0.67, 0.69, 0.7]
LINE = {"labels": LABELS, "mean": MEANS, "low": [m - 0.04 for m in MEANS], "high": [m + 0.04 for m in MEANS]}


def grown(root: Path) -> Workbench:
    """Such a project of lsal's own server, which does not run."""
    bench = prepared(root)
    values = "".join(f"<Choice value={quoteattr(one)}/>" for one in CLASSES)
    bench.desk.mirror.remember(label_config=TEXT.replace('<Choice value="ham"/><Choice value="spam"/>', values))
    draw = np.random.default_rng(1)
    truth = {f"{n}:x": CLASSES[int(draw.choice(4, p=[0.5, 0.25, 0.15, 0.1]))] for n in range(1, TASKS + 1)}
    write_json(bench.home.path("versions", "answers", "truth-label.json"), {key: [one] for key, one in truth.items()})
    for number, skill in enumerate(SKILLS, start=1):
        add(bench, number, skill, truth)
    store = Store(bench.home)
    store.make_current({"label": LIVE}, before=store.history()[:-2])
    row = {
        "strategy": "random",
        "seeds": 10,
        "measure": "accuracy",
        "measured_on": "accuracy on 80 tasks",
        "curve": LINE,
    }
    saved = {"rehearsal": {"says": "saved 68 ± 21", "measured_on": "80 tasks"}}
    kept = {"made_at": 0.0, "control": "label", "results": [], "verdict": "", "summary": [row], "saved": saved}
    write_json(bench.home.path("rehearsals", "last.json"), kept)
    publish(bench, list(range(25, 50)))
    return bench


def add(bench: Workbench, number: int, skill: float, truth: dict[str, str]) -> None:
    """The next version: right about tasks up to its skill, more sure of itself than it should be."""
    control, held = bench.desk.handled["label"][0], number == HELD
    Store(bench.home).add(
        MODELS["random"](control).save,
        family="random",
        control="label",
        metrics={
            "accuracy": None,
            "tasks": 0,
            "cross_validation": {"accuracy": min(0.97, skill + 0.12), "tasks": 25 * number, "measured_on": BIASED},
        },
        examples={"count": 25 * number, "measuring": 3 * number, "ids": [], "digest": ""},
        labels=control.labels,
        shape=control.shape,
        promoted=not held,
        reason="worse: 1 gained, 9 lost on 80 tasks (p = 0.02)" if held else "better: 9 gained, 1 lost on 80 tasks",
    )
    if number != UNMEASURED:
        answer(bench, number, skill, truth)
    if not held:
        Store(bench.home).make_current({"label": number})


def answer(bench: Workbench, number: int, skill: float, truth: dict[str, str]) -> None:
    """What a version said about the measuring tasks, and how sure it was."""
    said, sure = {}, {}
    for key, true in truth.items():
        luck = np.random.default_rng([int(key.partition(":")[0]), 7]).random()
        other = CLASSES[(CLASSES.index(true) + 1 + int(50 * luck) % 3) % 4]
        said[key] = [true if luck < skill else other]
        sure[key] = [[0.6 + 0.35 * luck], [0.7 + 0.29 * luck]]
    folder = bench.home.path("versions", "answers")
    write_json(folder / f"{number:04d}.json", said)
    write_json(folder / f"{number:04d}-sure.json", sure)
