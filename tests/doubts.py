"""Labels of which some are wrong, with the chances that models would give, and what several people said."""

from dataclasses import replace
from typing import Any

import numpy as np

from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.records import Annotation, Control, Example, Labels, Task
from lsal.suspects import Doubted, said

NAMES = ("ham", "spam", "other")
ONE = Control("label", "text", "Choices", "Text", "text", NAMES)
SEVERAL = replace(ONE, options={"choice": "multiple"})
XML = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="ham"/><Choice value="spam"/><Choice value="other"/></Choices></View>'
)


def about(count: int, wrong: set[int] = frozenset(), classes: int = 3, sure: float = 0.8) -> Doubted:  # type: ignore[assignment]
    """So many labels that models would guess with some noise; those of `wrong` tasks were given wrongly."""
    draw, examples, rows = np.random.default_rng(0), [], []
    for task in range(count):
        truth = task % classes
        row = np.full(3, (1 - sure) / 2) + draw.random(3) * 0.1
        row[truth] += sure
        given = (truth + 1) % classes if task in wrong else truth
        examples.append(Example(task, "text", Labels((NAMES[given],))))
        rows.append(row / row.sum())
    return Doubted(ONE, examples, np.array(rows, np.float32))


def crowd(answers: dict[int, dict[int, str]]) -> Any:
    """What people said: by task and person."""
    control, kind = match(read_config(XML).controls)[0]["label"]
    tasks = []
    for task, theirs in answers.items():
        rows = [
            Annotation(100 * task + p, p, False, f"2026-01-01T00:00:0{p}Z", _result(name)) for p, name in theirs.items()
        ]
        tasks.append(Task(task, "", 0.5, {"text": "t"}, tuple(rows)))
    return said(kind, control, tasks)


def _result(name: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [name]}}]
