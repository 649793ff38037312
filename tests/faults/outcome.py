"""What became of one fault, and how the whole bench is asked for: the same for processes, disks and the wire."""

from __future__ import annotations

import argparse
import traceback
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Trial:
    """What became of one fault; `wrong` is empty lists where nothing was, `seconds` those of each part."""

    fault: Any
    struck: str = ""
    ended: str = ""
    did: list[str] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong."""
        return not any(self.wrong.values())


def broken(fault: Any, error: Exception) -> Trial:
    """A fault of which nothing can be said, because the bench itself failed: the others are to happen all the same."""
    told = "".join(traceback.format_exception(error)[-3:])
    return Trial(fault, wrong={"annotations": [], "not recovered": [f"the bench failed: {told}"]})


def parser(program: str, what: str | None, faults: int) -> argparse.ArgumentParser:
    """The options of a run of so many faults."""
    made = argparse.ArgumentParser(prog=f"python -m {program}", description=what)
    made.add_argument("--faults", type=int, default=faults, help=f"how many (default: {faults})")
    made.add_argument("--seed", type=int, default=1, help="which ones are drawn")
    made.add_argument("--first", type=int, default=0, help="the number of the first one")
    made.add_argument("--only", type=int, nargs="*", help="these numbers alone")
    made.add_argument("--json", help="a file for the table and every fault")
    return made
