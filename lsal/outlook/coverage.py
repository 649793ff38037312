"""How often the forecast's intervals held in back-tests: what a user is told beside them.

From `python benchmarks/forecast.py` over curves by `python benchmarks/replays.py`; benchmarks/README.md says what was
replayed, and where the intervals held less often.
"""

from __future__ import annotations

from collections.abc import Mapping

HELD: Mapping[str, float] = {
    "gain of next batch": 0.949,
    "gain of 100 labels": 0.914,
    "gain of 200 labels": 0.917,
    "labels for a target": 0.945,
}
"""The share of 90 % intervals that contained the truth, by what they were about."""
INTERVALS = 22174
"""How many there were, those about the figures themselves included."""


def told() -> str:
    """One sentence for people."""
    low, high = (round(100 * end(HELD.values())) for end in (min, max))
    return f"In back-tests on replays of seven labelled sets {low} to {high} % of such 90 % intervals held"
