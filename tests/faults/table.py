"""The table of a run: by kind of fault, how many there were and what was wrong after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from faults.outcome import Trial

Count = Callable[[Trial], int]


def _wrong(*names: str) -> Count:
    return lambda trial: sum(bool(trial.wrong.get(name)) for name in names)


def _annotations(trial: Trial) -> int:
    return len(trial.wrong["annotations"])


COLUMNS: Mapping[str, Count] = {
    "faults": lambda trial: 1,
    "in the round": lambda trial: trial.struck.startswith("at "),
    "round done": lambda trial: trial.ended == "done",
    "annotations lost or changed": _annotations,
    "half versions": _wrong("half versions"),
    "current wrong": _wrong("current"),
    "queue wrong": _wrong("queue", "next task"),
    "written twice": _wrong("twice"),
    "orphans, locks": _wrong("orphans", "locks"),
    "not told": _wrong("untold"),
    "not recovered": _wrong("not recovered"),
}


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """A row for each kind, and one for all."""
    names = sorted({trial.fault.name for trial in trials})
    groups = {name: [trial for trial in trials if trial.fault.name == name] for name in names} | {"all": list(trials)}
    return [
        {"fault": name, **{column: sum(int(count(trial)) for trial in group) for column, count in COLUMNS.items()}}
        for name, group in groups.items()
    ]


def markdown(trials: Sequence[Trial]) -> str:
    """The table as people read it."""
    heads = ["fault", *COLUMNS]
    lines = [heads, ["---", *("---:" for _ in COLUMNS)], *([str(row[head]) for head in heads] for row in rows(trials))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def story(trial: Trial) -> str:
    """One fault in a line, and what was wrong after it, with the command that has it again."""
    fault = trial.fault
    line = f"{fault.number:4d}  {fault.name}, {trial.struck}: round {trial.ended}; {', then '.join(trial.did)}"
    line += f" ({', '.join(f'{name} {seconds:.0f} s' for name, seconds in trial.seconds.items())})"
    said = [f"      {name}: {what}" for name, found in trial.wrong.items() for what in found]
    again = [f"      again: python -m faults --seed {fault.seed} --only {fault.number}"] if said else []
    return "\n".join([line, *said, *again])


def as_plain(trials: Sequence[Trial]) -> dict[str, Any]:
    """All of it, for a file."""
    return {"table": rows(trials), "trials": [asdict(trial) | {"name": trial.fault.name} for trial in trials]}
