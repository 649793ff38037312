"""Rehearsals side by side in processes: the same curves, killed, cancelled, gone on with; as files and pictures."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from outside import words
from projects import write_texts

from lsal.cli import main
from lsal.dashboard.html import to_html, to_text
from lsal.errors import Cancelled
from lsal.records import Progress
from lsal.rehearsal import Rehearsal, rehearse

SMALL: dict[str, Any] = {"strategies": ("auto", "random"), "start": 6, "batch": 6, "budget": 24, "seeds": 2}


def untimed(told: Rehearsal) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "query_seconds"} for one in told.results]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_texts(tmp_path_factory.mktemp("texts") / "texts.csv", 120, classes=3)


@pytest.fixture(scope="module")
def alone(texts: Path) -> Rehearsal:
    return rehearse(texts, **SMALL)


def test_side_by_side_gives_the_same_curves_in_the_same_order(texts: Path, alone: Rehearsal) -> None:
    heard: list[Progress] = []
    beside = rehearse(texts, **SMALL, workers=2, report=heard.append)
    assert untimed(beside) == untimed(alone)
    assert beside.verdict == alone.verdict
    assert heard[-1].done == heard[-1].total == 4
    assert heard[-1].message == "4 of 4 replays"


def test_a_cancel_ends_all_processes(texts: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop(progress: Progress) -> None:
        if progress.done > 0:
            seen.extend(children(os.getpid()))
            raise Cancelled

    long = SMALL | {"budget": 90, "batch": 1, "seeds": 10}
    with pytest.raises(Cancelled):
        rehearse(texts, **long, workers=2, report=stop, keep=tmp_path / "rehearsals")
    assert len(seen) == 2
    assert not children(os.getpid())
    made = sum(len(one["labels"]) for one in kept(tmp_path).values())
    assert made < 2 * 85, "of 20 replays two ran, and these did not go on to their ends"


def test_killed_it_goes_on_with_the_same_command(texts: Path, tmp_path: Path, isolated_root: Path) -> None:
    """The command is killed with kill -9 within its replays; its processes end, and no point is made twice."""
    words = ["rehearse", str(texts), "--strategies", "margin,random", "--start", "6", "--batch", "2", "--budget", "90"]
    words += ["--seeds", "2", "--workers", "2", "--json"]
    given = {"strategies": ("margin", "random"), "start": 6, "batch": 2, "budget": 90, "seeds": 2}
    running = subprocess.Popen([sys.executable, "-m", "lsal.cli", *words], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: any(len(one["labels"]) >= 3 for one in kept(isolated_root).values()))
        below = children(running.pid)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert below
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in below))
    before = kept(isolated_root)
    assert sum(len(one["labels"]) for one in before.values()) < 4 * 43, "it was killed before its end"
    told = rehearse(texts, keep=isolated_root / "rehearsals", **given)
    assert untimed(told) == untimed(rehearse(texts, **given))
    for name, points in kept(isolated_root).items():
        known = before.get(name, {"query_seconds": []})["query_seconds"]
        assert points["query_seconds"][: len(known)] == known, "what was made stays as it was"
    assert len(kept(isolated_root)) == 4


def kept(root: Path) -> dict[str, Any]:
    found = (root / "rehearsals").glob("*/points.json")
    return {path.parent.name: json.loads(path.read_bytes()) for path in found}


def children(pid: int) -> list[int]:
    """Processes that replay for `pid`."""
    below = psutil.Process(pid).children()
    return [one.pid for one in below if any("spawn_main" in word for word in words(one))]


def wait_for(there: Any, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_the_command_writes_json_and_a_plot(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["rehearse", str(texts), "--strategies", "auto,random", "--start", "6", "--batch", "6", "--budget", "24"]
    words += ["--seeds", "2", "--workers", "1", "--target", "0.5", "--json", "--plot", str(tmp_path / "p.png")]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"results", "summary", "verdict"}
    assert set(told["results"][0]) == {"strategy", "seed", "labels", "metric", "query_seconds"}
    assert told["summary"][0]["target"] == 0.5
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert main([*words[:-1], str(tmp_path / "p.nothing")]) == 1
    assert "Name a PNG, SVG or PDF file" in capsys.readouterr().err


def test_a_plot_that_cannot_be_written_is_refused_before_anything_is_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path / "p.txt", tmp_path / "absent" / "p.png"):
        assert main(["rehearse", str(tmp_path / "not read.csv"), "--plot", str(place)]) == 1
        assert "--plot FILE" in capsys.readouterr().err


def test_a_notebook_shows_the_curves_and_a_terminal_the_table(alone: Rehearsal) -> None:
    assert 'src="data:image/png;base64,iVBOR' in str(to_html(alone))
    text = to_text(alone)
    for word in ("labels saved", "recall of rare classes", alone.verdict):
        assert word in text


def test_a_budget_beyond_the_pool_goes_to_its_end_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("text", "label"), *((f"{'oak' if n % 2 else 'car'} {n}", n % 2) for n in range(30))]
        )
    told = rehearse(path, start=5, batch=10, seeds=2)
    assert told.results[0]["labels"] == [5, 15, 24]
    assert "The pool holds 24 tasks, fewer than the budget of 525: at its end every strategy has" in told.verdict
