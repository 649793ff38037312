"""The training strip without a browser: what jobs write, what is read of it, and how it is said."""

import asyncio
import json
import shutil
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prepared import HOSTILE, prepared

from lsal import jobs, processes
from lsal.dashboard.board import Dashboard
from lsal.dashboard.job_words import clock, outcome
from lsal.dashboard.strip import Strip, _place
from lsal.dashboard.training_charts import charts
from lsal.files import write_json
from lsal.jobs import ROW_S, ROWS, Job, State
from lsal.models.crf_tokens import CrfTokens
from lsal.models.transformers_image import TransformersImage
from lsal.records import Example, Progress
from lsal.testing import spans
from lsal.testing.materials import SINGLE, images, toy
from lsal.workbench import Workbench
from lsal.workbench.job_report import Step, job_report
from lsal.workbench.job_rows import MOST_POINTS, Rows
from lsal.workbench.log_tail import LINES, LONGEST, log_tail
from lsal.worker.steps import Steps

SMALL = {"epochs": 3, "patience": 0, "batch": 4, "size": 32}


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return prepared(isolated_root)


@pytest.fixture
def job(bench: Workbench) -> Job:
    """A job that this process says it runs."""
    made = jobs.create(bench.home, "train")
    write_json(made.folder / "process.json", processes.mark())
    return made


def rows_of(job: Job) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job.folder / "progress.jsonl").read_text().splitlines()]


# What jobs write -------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "epochs"), [(0.01, 5), (1, 50), (24, 100_000)])
def test_a_long_job_writes_few_rows_and_every_epoch_of_few(hours: float, epochs: int) -> None:
    now, steps = 0.0, 100_000
    rows, kept = jobs._Rows(lambda: now), []
    for step in range(steps):
        now = 3600 * hours * (step + 1) / steps
        epoch = step * epochs // steps
        if rows.due(Progress(step, steps, "train: on cpu", {"loss": 1.0, "epoch": float(epoch)}), b""):
            kept.append((now, epoch))
    assert len(kept) < 4500
    gaps = [later - sooner for (sooner, _), (later, _) in pairwise(kept)]
    assert max(gaps) <= max(ROW_S, 3600 * hours / ROWS) + 3600 * hours / steps + 1e-6
    if epochs < ROWS:
        assert {epoch for _, epoch in kept} == set(range(epochs))


def test_the_last_figures_of_a_training_are_not_lost(job: Job) -> None:
    """Though what came just before them was told a moment ago."""
    steps = Steps(job, 4)
    with steps.step("train", "label"):
        for batch in range(100):
            steps.report(Progress(batch / 100, 1, "", {"loss": 1.0 / (batch + 1)}, "epoch"))
        steps.report(Progress(1, 1, "trained on 12 texts"))
    with steps.step("measure", "label"):
        pass
    (training,) = job_report(job).trainings
    assert training.curves["loss"][-1] == (0.99, 0.01)
    assert len(rows_of(job)) < 10


def test_a_crf_tells_its_loss_by_iteration(job: Job, tmp_path: Path) -> None:
    examples = [spans.example_of(tmp_path, number) for number in range(12)]
    told = teach(job, CrfTokens(spans.SPANS), examples)
    (training,) = job_report(job).trainings
    assert (training.control, training.unit) == ("label", "iteration")
    assert set(training.curves) == {"loss"}
    known = {place: value for place, value, _ in told["loss"]}
    assert all(known[place] == pytest.approx(value, rel=1e-3) for place, value in training.curves["loss"])
    assert training.curves["loss"][-1][1] < training.curves["loss"][0][1]
    (chart,) = charts(training)
    assert (chart["title"], chart["unit"], chart["lines"][0]["label"]) == ("Loss", "iteration", "training examples")


def test_a_network_tells_loss_and_what_checks_it_by_epoch(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ROWS", 10**9)  # however long its libraries took to load, no epoch is thinned out
    examples = toy(images, tmp_path)
    told = teach(job, TransformersImage(SINGLE, SMALL), examples)
    (training,) = job_report(job).trainings
    assert (training.unit, training.total, training.held_out) == ("epoch", 3, 0)
    for name in ("check_loss", "accuracy"):
        wanted = dict.fromkeys((epoch, float(f"{value:.4g}")) for _, value, epoch in told[name])
        assert training.curves[name] == tuple(wanted)
        assert [epoch for epoch, _ in training.curves[name]] == [1, 2, 3]
    loss, figure = charts(training)
    assert [line["label"] for line in loss["lines"]] == ["training examples", "the same, checked"]
    assert (figure["title"], figure["lines"][0]["label"]) == ("Accuracy", "training examples")


def teach(job: Job, model: Any, examples: list[Example]) -> dict[str, list[tuple[float, float, float]]]:
    """Fit it as a worker does; what it told, by figure, as (place, value, epoch). What is read never gets less."""
    steps, told, seen = Steps(job, 4), dict[str, list[tuple[float, float, float]]](), [0]

    def report(progress: Progress) -> None:
        for name, value in progress.metrics.items():
            told.setdefault(name, []).append((round(progress.done, 3), value, progress.metrics.get("epoch", 0.0)))
        steps.report(progress)
        seen.append(sum(len(curve) for one in job_report(job).trainings for curve in one.curves.values()))

    with steps.step("train", "label"):
        model.fit(examples, examples, [], report)
    assert seen == sorted(seen)
    return told


# What is read of it ----------------------------------------------------------------------


def test_only_what_is_new_is_read_and_another_file_afresh(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    rows = Rows(path)
    rows.read()
    assert rows.trainings == ()
    path.write_text(row(1) + row(2)[:30])
    rows.read()
    assert rows.trainings[0].curves["loss"] == ((1, 0.5),)
    with path.open("r+") as file:  # what was read is not looked at again
        file.write("x" * 20)
    with path.open("a") as file:
        file.write(row(2)[30:] + row(3))
    rows.read()
    assert [place for place, _ in rows.trainings[0].curves["loss"]] == [1, 2, 3]
    path.write_text(row(7))
    rows.read()
    assert [place for place, _ in rows.trainings[0].curves["loss"]] == [7]


def test_an_epoch_that_begins_again_takes_its_points_back(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_text("".join(map(row, (0.5, 1.0, 1.5, 1.8, 1.2))))
    rows = Rows(path)
    rows.read()
    assert [place for place, _ in rows.trainings[0].curves["loss"]] == [0.5, 1.0, 1.2]


def test_controls_have_curves_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_text(row(1, "mood") + row(2, "mood") + row(1, "topic"))
    rows = Rows(path)
    rows.read()
    assert [(one.control, len(one.curves["loss"])) for one in rows.trainings] == [("mood", 2), ("topic", 1)]


def test_rows_of_before_and_broken_ones_do_no_harm(tmp_path: Path) -> None:
    old = {"done": 2.1, "total": 9, "message": "train: epoch 1", "metrics": {"loss": 0.7, "epoch": 1}, "at": 5.0}
    odd: list[Any] = [[], 7, None, "text", {}, {"metrics": 3, "step": "x", "done": "y"}, {"metrics": {"loss": None}}]
    odd += [{"metrics": {"loss": True, "acc": "high"}, "step": {"done": [], "name": None}}]
    lines = [json.dumps(one) for one in (old, *odd, {**old, "done": 2.2})]
    path = tmp_path / "progress.jsonl"
    path.write_bytes("\n".join([*lines, "{not json", HOSTILE, ""]).encode() + b"\xff\xfe\x00\n{")
    rows = Rows(path)
    rows.read()
    assert [one.curves["loss"] for one in rows.trainings] == [((2.1, 0.7), (2.2, 0.7))]


def test_long_curves_are_thinned_and_keep_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    path.write_text("".join(row(place / 100) for place in range(1, 5001)))
    rows = Rows(path)
    rows.read()
    curve = rows.trainings[0].curves["loss"]
    assert len(curve) == MOST_POINTS
    assert (curve[0][0], curve[-1][0]) == (0.01, 50)


def row(place: float, control: str = "label") -> str:
    step = {"name": "train", "about": control, "done": place, "total": 50}
    told = {"done": 1, "total": 4, "message": "train: x", "unit": "epoch", "metrics": {"loss": 0.5}, "at": place}
    return json.dumps({**told, "step": step}) + "\n"


def test_what_is_left_is_told_by_the_round_before(bench: Workbench, job: Job) -> None:
    before = jobs.create(bench.home, "train")
    before.end("done", time.time() - 70, result={"seconds": {"sync": 1.0, "train": 9.0, "measure": 60.0}})
    now = time.time()
    for back, done in ((10.0, 1.0), (5.0, 2.0), (0.0, 3.0)):
        told = json.loads(row(done)) | {"at": now - back}
        write_json(job.folder / "progress.json", told)
        with (job.folder / "progress.jsonl").open("a") as file:
            file.write(json.dumps(told) + "\n")
    report = job_report(job, bench.jobs())
    assert report.step.rate == pytest.approx(0.2)
    assert report.step.left_s == pytest.approx(47 / 0.2)
    assert report.left_s == pytest.approx(47 / 0.2 + 60 + 1)  # a step that was not begun counts whole
    assert job_report(job, []).left_s is None


def test_a_log_of_anything_becomes_a_few_lines_of_text(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert log_tail(log) == ()
    bar = "\r".join(f"epoch 1: {share}%" for share in range(101))
    hostile = ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07told", bar + "\r\n", HOSTILE, "a\x00b\u202ec\ufeff", "", "end"]
    log.write_bytes(b"x" * 1_000_000 + b"\n" + "\n".join(hostile).encode() + b"\xff")
    told = log_tail(log)
    assert told == ("red", "told", "epoch 1: 100%", HOSTILE, "a b c", "end\N{REPLACEMENT CHARACTER}")
    log.write_bytes(b"y" * 2_000_000)
    assert log_tail(log) == ("y" * (LONGEST - 1) + "\N{HORIZONTAL ELLIPSIS}",)
    log.write_text("\n".join(f"{number} " + "z" * 100_000 for number in range(3)) + "\n" + "short\n" * 50)
    assert log_tail(log) == ("short",) * LINES


# How it is said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "more", "wanted"),
    [
        (
            "done",
            {"result": {"versions": {"c": {"version": 3, "promoted": True, "reason": "better"}}, "published": 25}},
            "Version 3 is live (better); 25 tasks published.",
        ),
        (
            "done",
            {"result": {"versions": {"c": {"version": 4, "promoted": False, "reason": "worse"}}}},
            "Version 4 was held back (worse).",
        ),
        (
            "done",
            {"result": {"published": 0, "why": "there is nothing left to rank"}},
            "0 tasks published: there is nothing left to rank.",
        ),
        ("done", {"result": {"live": {"c": 2}, "was": {"c": 3}}}, "Live is version 2, before: 3."),
        ("done", {"result": {"suspects": {"c": "3 of 40 labels"}}}, "Suspects of c: 3 of 40 labels."),
        ("done", {"result": {"not_trained": {"c": "Nothing is labelled"}}}, "C was not trained: Nothing is labelled."),
        ("done", {}, "Done."),
        ("failed", {"error": HOSTILE}, HOSTILE),
        ("lost", {"error": "It was killed"}, "It was killed"),
        ("cancelled", {}, "Stopped in its step train; the status above shows what is live."),
    ],
)
def test_what_came_of_a_job_is_a_sentence(state: str, more: Any, wanted: str) -> None:
    assert outcome(State("j", "round", state, Progress(1, 4, "train: epoch 2"), 0.0, 1.0, **more)) == wanted


def test_the_clock_runs_on() -> None:
    assert [clock(seconds) for seconds in (0, 7.9, 750, 3723)] == ["0:00", "0:07", "12:30", "1:02:03"]


def test_the_strip_tells_of_the_running_job_and_of_the_last_five(bench: Workbench) -> None:
    for number in range(7):
        jobs.create(bench.home, "rank", jobs.AUTO).end("done", time.time() - number, result={"published": number})
    failed = jobs.create(bench.home, "round", jobs.LABEL_STUDIO)
    failed.end("failed", time.time() - 1, error=HOSTILE, fix="Try again: lsal round")
    (failed.folder / "log.txt").write_text(f"{HOSTILE}\n\x1b[2Jgone\n")
    run = jobs.create(bench.home, "train")
    write_json(run.folder / "process.json", processes.mark())
    gpu = {"name": "A GPU", "used": 2**31, "own": 2**30, "total": 2**33}
    step = {"name": "train", "about": "label", "done": 2.5, "total": 10}
    told = Progress(1.25, 4, "train: epoch 3 of 10 on cuda:0, 8 texts at a time", {"loss": 0.5}, "epoch")
    run.report(told, step=step, gpu=gpu)
    strip = Dashboard(bench).strip.view
    assert strip.now["place"] == "epoch 3 of 10"
    assert strip.now["detail"] == "on cuda:0, 8 texts at a time"
    assert place_at(3.0) == "epoch 3 of 10"  # as long as it is checked
    assert (place_at(0.0), place_at(3.01), place_at(10.0)) == ("epoch 1 of 10", "epoch 4 of 10", "epoch 10 of 10")
    assert (strip.now["step"], strip.now["number"], strip.now["of"]) == ("train", 2, 4)
    assert strip.now["gpu"] == {
        "name": "A GPU",
        "words": "2.0 of 8.0 GiB used, 1.0 by this job",
        "share": 0.25,
    }
    assert [(one["act"], one["state"], one["by"]) for one in strip.past] == [
        ("Round", "failed", "from Label Studio"),
        *[("Re-rank", "done", "automatic")] * 4,
    ]
    assert (strip.past[0]["said"], strip.past[0]["fix"]) == (HOSTILE, "Try again: lsal round")
    assert strip.past[0]["log"] == [HOSTILE, "gone"]
    assert strip.past[1]["said"] == "6 tasks published."


def place_at(done: float) -> str:
    return _place(Step("train", done=done, total=10, unit="epoch"))


def test_two_strips_agree_and_nothing_new_sends_nothing(
    bench: Workbench, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.report(Progress(1, 4, "train"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)  # two looks are never at the same instant, and the clock runs on
    one, other = Dashboard(bench).strip, Dashboard(Workbench(bench.root)).strip
    told = {"now": one.view.now, "charts": one.view.charts, "lines": one.view.lines, "past": one.view.past}
    assert told == {name: getattr(other.view, name) for name in told}
    changed: list[str] = []
    job.end("cancelled", time.time() - 3)
    for strip in (one, other):
        asyncio.run(strip.step())
    one.view.observe(lambda change: changed.append(change.name))
    asyncio.run(one.step())
    assert not changed
    assert one.view.past == other.view.past
    assert one.view.past[0]["state"] == "cancelled"


def test_without_a_project_or_when_jobs_are_swept_away_there_is_nothing_to_tell(isolated_root: Path) -> None:
    assert Dashboard(Workbench(isolated_root)).strip.view.past == []
    bench = prepared(isolated_root)
    job = jobs.create(bench.home, "rank")
    job.end("done", time.time(), result={})
    strip: Strip = Dashboard(bench).strip
    assert [one["id"] for one in strip.view.past] == [job.id]
    shutil.rmtree(job.folder)
    asyncio.run(strip.step())
    assert strip.view.past == []
