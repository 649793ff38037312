"""Where the last rounds' time went: by step, by job, with a rate where tasks were counted."""

from pathlib import Path

import pytest
from prepared import prepared

from lsal import cli, jobs
from lsal.dashboard.sheets import sheet
from lsal.files import write_json
from lsal.records import Progress
from lsal.workbench import Workbench
from lsal.worker.steps import TASK, Steps


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return prepared(isolated_root)


def ended(bench: Workbench, number: int, act: str = "round", second: int = 0, **steps: float) -> None:
    """A job that was done, two seconds beside its steps."""
    job = jobs.create(bench.home, act)
    job = jobs.Job(job.folder.rename(job.folder.with_name(f"20260101-10{number:02}{second:02}-000-{act}-abcd")))
    result = {"seconds": steps, "counts": {"score": 1000} if "score" in steps else {}}
    told = {"state": "done", "seconds": sum(steps.values()) + 2, "ended_at": float(number), "result": result}
    write_json(job.folder / "end.json", told)


def rows(bench: Workbench) -> dict[str, list[str]]:
    found = sheet(bench.timings())
    assert found
    assert len(found.columns) == len(found.rows[0])
    return {row[0]: list(row[1:]) for row in found.rows}


def test_each_step_has_its_seconds_its_share_and_its_rate(bench: Workbench) -> None:
    for number, seconds in enumerate((1.0, 5.0, 2.0)):
        ended(bench, number, sync=1.0, score=seconds, verify=1.0)
    ended(bench, 9, "rehearse", rehearse=100.0)
    shown = rows(bench)
    assert list(shown) == ["sync", "score", "verify", "start and tidying", "all"]
    assert shown["score"] == ["1.00", "5.00", "2.00", "2.00", "33%", "500"]
    assert shown["start and tidying"][:3] == ["2.00", "2.00", "2.00"]
    assert shown["all"] == ["5.00", "9.00", "6.00", "6.00", "100%", ""]


def test_jobs_of_one_minute_are_told_apart(bench: Workbench) -> None:
    ended(bench, 0, sync=1.0)
    ended(bench, 1, second=7, sync=1.0)
    found = sheet(bench.timings())
    assert found
    assert found.columns[1:3] == ("round 10:00", "round 10:01")
    ended(bench, 1, second=31, sync=1.0)
    found = sheet(bench.timings())
    assert found
    assert found.columns[1:4] == ("round 10:00:00", "round 10:01:07", "round 10:01:31")


def test_a_step_that_only_some_jobs_have_leaves_cells_empty(bench: Workbench) -> None:
    ended(bench, 0, train=3.0, score=1.0)
    ended(bench, 1, "rank", score=4.0)
    shown = rows(bench)
    assert shown["train"] == ["3.00", "", "3.00", "", ""]
    assert shown["score"][-1] == "250"


def test_the_shell_prints_the_table_and_says_when_there_is_none(
    bench: Workbench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--timings"]) == 0
    assert "lsal round" in capsys.readouterr().out
    ended(bench, 0, train=3.0, score=1.0)
    assert cli.main(["status", "--timings"]) == 0
    out = capsys.readouterr().out
    assert "round 10:00" in out
    assert "1,000" in out


def test_steps_count_tasks_and_nothing_else(bench: Workbench) -> None:
    steps = Steps(jobs.create(bench.home, "round"), 3)
    for told in ((3, 10), (10, 10)):
        with steps.step("read"):
            steps.report(Progress(told[0], told[1], "reading", unit=TASK))
    with steps.step("train"):
        steps.report(Progress(3, 10, "epoch 3", unit="epoch"))
    assert steps.took["counts"] == {"read": 13}
    assert set(steps.took["seconds"]) == {"read", "train"}
