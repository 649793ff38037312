"""The back-test of the forecast: intervals hold as often as they say, and it reads what rehearsals write."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np

from lsal.outlook import Measurements
from lsal.outlook.backtest import Replay, coverage, outcomes

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "forecast.py"


def projects(count: int, tasks: int, seed: int = 0) -> Iterator[Replay]:
    """Learning curves of many shapes, as rough as real ones, each measured on the same tasks throughout."""
    normal, draw = NormalDist(), np.random.default_rng(seed)
    at = np.arange(25, 426, 25)
    for _ in range(count):
        limit, rate, late = draw.uniform(0.7, 0.98), draw.uniform(0.4, 1.2), draw.uniform(0, 150)
        first = draw.uniform(0.3, 0.8) * limit
        real = limit - (limit - first) * ((at + late) / (25 + late)) ** -rate
        drift = 0.05 * np.cumsum(np.sqrt(np.diff(np.log(at), prepend=np.log(25))) * draw.standard_normal(len(at)))
        real = np.clip(real + drift + 0.035 * (100 / at) ** 0.75 * draw.standard_normal(len(at)), 0.01, 0.99)
        hard, luck = draw.standard_normal(tasks), draw.standard_normal((len(at), tasks))
        bar = np.array([normal.inv_cdf(one) for one in real])
        right = 0.75**0.5 * hard + 0.25**0.5 * luck < bar[:, None]
        yield Replay(Measurements.of(at, right.mean(axis=1), [tasks] * len(at)), tuple(real))


def test_intervals_hold_as_often_as_they_say() -> None:
    found = [one for tasks in (40, 150) for replay in projects(30, tasks) for one in outcomes(replay, 6)]
    told = coverage(found)
    assert set(told) >= {"gain of next batch", "gain of 100 labels", "figure after 200 labels", "labels for a target"}
    for about, (count, share, _) in told.items():
        assert count > 50, about
        assert 0.82 < share < 0.99, (about, share)
    assert 0.85 <= np.mean([one.held for one in found]) <= 0.95


def test_the_benchmark_reads_what_a_rehearsal_writes(tmp_path: Path) -> None:
    results, summary = [], []
    for strategy, replay in zip(("auto", "random"), projects(2, 48, seed=3), strict=True):
        values = {"labels": replay.known.labels.tolist(), "metric": replay.known.values.tolist()}
        results.append({"strategy": strategy, "seed": 0, "query_seconds": [], **values})
        summary.append({"strategy": strategy, "measured_on": "accuracy on 48 tasks that were never in the pool"})
    file = tmp_path / "curves.json"
    file.write_text(json.dumps({"results": results, "summary": summary, "verdict": ""}))
    command = [sys.executable, str(BENCHMARK), str(file), "--every", "6", "--by", "tasks"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| gain of next batch | 6 |" in done.stdout
    assert "\n| 48 | " in done.stdout, "the tasks are those of the summary"
    assert "target" not in done.stdout.split("| tasks |")[0], "what really came nobody knows there"
