"""Two notebooks on one project, each a process of its own: one works, the other watches and agrees."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prepared import add_versions, prepared, publish
from projects import demo_of_texts

from lsal import jobs
from lsal.dashboard.board import Dashboard
from lsal.dashboard.html import to_text
from lsal.workbench import Workbench

OTHER = """
import json, sys
from lsal.dashboard.board import Dashboard
from lsal.errors import LsalError
from lsal.workbench import Workbench

bench = Workbench(sys.argv[1], sys.argv[2])
shown = Dashboard(bench)

def seen():
    shown.refresh()
    return {
        "status": shown.status.value,
        "now": shown.strip.view.now,
        "past": [job["said"] for job in shown.strip.view.past],
        "dead": sorted(act for act, button in shown.buttons.items() if button.disabled),
        "points": shown.curve.chart.points,
        "queue": shown.queue.sight.tasks(0, 99),
        "round_after": shown.round_after.labels.value,
    }

for line in sys.stdin:
    try:
        told = eval(line)
    except LsalError as error:
        told = {"error": type(error).__name__, "what": error.what, "fix": error.fix}
    print(json.dumps(told), flush=True)
"""


class Other:
    """Another notebook's kernel on the same project: it evaluates what it is told."""

    def __init__(self, bench: Workbench) -> None:
        command = [sys.executable, "-c", OTHER, str(bench.root), bench.home.slug]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, code: str) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(code + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=240)


@pytest.fixture
def joined() -> Iterator[Callable[[Workbench], Other]]:
    """Lets another notebook join."""
    others: list[Other] = []

    def join(bench: Workbench) -> Other:
        others.append(Other(bench))
        return others[-1]

    yield join
    for other in others:
        other.close()


def test_one_works_and_the_other_watches(label_studio: Any, root: Path, tmp_path: Path, joined: Any) -> None:
    bench = demo_of_texts(root, tmp_path)
    other = joined(bench)
    other("bench.rank().wait(240)")
    bench.label(6)
    assert [job.facts["act"] for job in bench.jobs()] == ["rank"]
    job = bench.round()
    told = other("bench.round()")
    assert told["error"] == "BadRequest"
    assert job.id in told["what"]
    assert told["fix"] == "Wait for it, or: lsal cancel"
    seen, watched, states = {}, [], set[str]()
    while "done" not in states:
        seen = other("{**seen(), 'id': bench.job().id, 'state': bench.job().state().state}")
        states.add(seen["state"])
        if seen["state"] == "running":
            watched.append(seen["now"]["share"])
            assert seen["dead"] == ["rank", "round", "train"]
        assert seen["id"] == job.id
    assert len(watched) > 1
    assert watched == sorted(watched)
    assert watched[-1] > 0
    seen, mine = other("seen()"), Dashboard(bench)
    assert "Version 1 is live" in seen["past"][0]
    assert seen["past"] == [job["said"] for job in mine.strip.view.past]
    assert seen["now"] == mine.strip.view.now == {}
    assert seen["status"] == mine.status.value
    assert seen["points"] == mine.curve.chart.points != []
    assert seen["queue"] == mine.queue.sight.tasks(0, 99) != []
    assert other("bench.verify().exact")


def test_settings_of_one_are_seen_by_the_other(isolated_root: Path, joined: Any) -> None:
    bench = prepared(isolated_root)
    other, mine = joined(bench), Dashboard(bench)
    assert other("seen()")["round_after"] == mine.round_after.labels.value == 0
    mine.round_after.labels.value = 40
    assert other("bench.home.settings().auto_labels") == 40
    assert other("seen()")["round_after"] == 40
    told = other("seen()['status']")
    assert "after 40 labels" in told
    assert "Automatic rounds are on, but the ML backend, which starts them, is not running" in told
    other("bench.configure(batch=31)['batch']")
    other("str(bench.automatic(0, 90))")
    assert bench.home.settings().batch == 31
    mine.refresh()
    assert mine.round_after.labels.value == 0
    assert "after 90 min" in mine.status.value
    assert "after 90 minutes with a new label (24 so far)" in to_text(bench.status())


def test_what_one_cancels_is_cancelled_for_both(isolated_root: Path, joined: Any) -> None:
    bench = prepared(isolated_root)
    add_versions(bench, [15, 19])
    publish(bench, list(range(25, 50)))
    other, mine = joined(bench), Dashboard(bench)
    assert other("seen()")["now"] == mine.strip.view.now == {}  # it takes seconds to begin: a job is not waited for
    job = jobs.create(bench.home, "round", jobs.AUTO)
    mine.refresh()
    for now in (mine.strip.view.now, other("seen()")["now"]):
        assert (now["act"], now["state"], now["by"]) == ("Round", "waiting", "automatic")
    assert other("bench.cancel()") is True
    assert (job.folder / "cancel").exists()
    mine.refresh()
    assert mine.strip.view.now["state"] == other("seen()")["now"]["state"] == "cancelling"
    job.end("cancelled", time.time())
    mine.refresh()
    assert other("seen()")["past"] == [job["said"] for job in mine.strip.view.past]
    last = mine.strip.view.past[0]
    assert (last["act"], last["state"], last["by"]) == ("Round", "cancelled", "automatic")


def test_what_was_typed_is_set_and_what_is_refused_is_told(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    mine = Dashboard(bench)
    mine.round_after.labels.value = -3
    assert (mine.round_after.labels.value, bench.home.settings().auto_labels) == (0, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workbench, "automatic", lambda self, labels: 1 / labels // 0)
        mine.round_after.labels.value = 7
        assert "Automatic rounds failed: ZeroDivisionError" in mine.error.value
    assert (mine.round_after.labels.value, bench.home.settings().auto_labels) == (0, 0)
    mine.round_after.labels.value = 7
    assert (mine.round_after.labels.value, bench.home.settings().auto_labels) == (7, 7)


def test_without_a_project_there_is_nothing_to_type(isolated_root: Path) -> None:
    assert Dashboard(Workbench(isolated_root)).round_after.labels.disabled
