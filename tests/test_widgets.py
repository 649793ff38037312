"""The dashboard without a browser: both halves of a widget agree, nothing hostile gets through, buttons know when."""

import asyncio
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from prepared import HOSTILE, add_versions, prepared, publish
from projects import demo_of_texts

from lsal import jobs
from lsal.dashboard import board, parts, previews
from lsal.dashboard.board import Dashboard
from lsal.dashboard.html import register, to_html, to_text
from lsal.dashboard.twins import (
    ClassCurves,
    ConfusionMatrix,
    LearningCurve,
    QueueTable,
    TaskMap,
    TrainingStrip,
    VersionsTable,
    script,
    widget_file,
)
from lsal.dashboard.why import WhyTask
from lsal.files import write_json
from lsal.label_studio.queue import Verification
from lsal.records import Progress
from lsal.workbench import Workbench
from lsal.workbench.figures import learning_curve
from lsal.workbench.status import Waiting

TWINS = {
    "class_curves.js": ClassCurves,
    "confusion_matrix.js": ConfusionMatrix,
    "learning_curve.js": LearningCurve,
    "queue_table.js": QueueTable,
    "task_map.js": TaskMap,
    "training_strip.js": TrainingStrip,
    "versions_table.js": VersionsTable,
    "why_task.js": WhyTask,
}
SHARED = widget_file("shared.js")
SCRIPTS = sorted(set(SHARED.parent.glob("*.js")) - {SHARED})
PARTS = sorted(SHARED.parent.glob("*/*.js"))
NAMESPACE = "http://www.w3.org/2000/svg"
FORBIDDEN = r"(inner|outer|Adjacent)HTML|document\.write|DOMParser|\beval\b|Function\(|\bimport\b|\bfetch\b"
OUTWARD = r"XMLHttpRequest|WebSocket|EventSource|sendBeacon|https?://|url\("


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return prepared(isolated_root)


@pytest.fixture
def trained(bench: Workbench) -> Workbench:
    """Five versions, the fourth held back, and a queue of 25."""
    add_versions(bench, [15, 19, 24, 20, 27], held=(4,))
    publish(bench, list(range(25, 50)))
    return bench


# The two halves --------------------------------------------------------------------------


def test_every_script_has_a_twin_and_a_stylesheet() -> None:
    assert {path.name for path in SCRIPTS} == set(TWINS)
    assert all(path.with_suffix(".css").is_file() for path in SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_name_a_script_asks_for_is_a_synced_trait(path: Path) -> None:
    whole = script(path.name)
    asked = set(re.findall(r'model\.(?:get|set)\("(\w+)"', whole)) | set(re.findall(r'"change:(\w+)"', whole))
    twin = TWINS[path.name]
    own = set(twin.class_traits(sync=True)) - set(twin.__mro__[1].class_traits())
    assert asked == own
    assert len(re.findall(r"model\.(get|set|on)\(", whole)) == len(re.findall(r'model\.\w+\("', whole))


@pytest.mark.parametrize("path", [SHARED, *SCRIPTS, *PARTS, *SHARED.parent.glob("*.css")], ids=lambda path: path.name)
def test_widgets_set_text_only_and_ask_nobody(path: Path) -> None:
    content = path.read_text().replace(NAMESPACE, "")
    assert not re.search(f"{FORBIDDEN}|{OUTWARD}", content)


# The dashboard ---------------------------------------------------------------------------


def test_a_dashboard_shows_what_the_disk_holds(trained: Workbench) -> None:
    shown = Dashboard(trained)
    points, told, sight = shown.curve.chart.points, shown.queue.table.told, shown.queue.sight
    assert [point["version"] for point in points if point["live"]] == [5]
    assert [point["version"] for point in points if not point["promoted"]] == [4]
    assert points[2]["value"] == pytest.approx(24 / 30)
    assert sight.tasks(0, 14) == list(range(25, 40))
    assert (told["batch"], told["all"]) == (25, 36)
    assert "<b>24</b>" in shown.status.value
    assert shown.status.value.count("lsal-warning") == 1
    assert "Start it: lsal up" in shown.status.value  # there is no server behind this home
    assert shown.curve.chart.points is points, "a look that finds nothing new must send nothing"
    shown.refresh()
    assert shown.queue.table.told is told


def test_two_dashboards_and_a_restart_agree(trained: Workbench) -> None:
    one, other = Dashboard(trained), Dashboard(Workbench(trained.root))
    add_versions(trained, [29])
    one.refresh()
    other.refresh()
    assert len(one.curve.chart.points) == len(other.curve.chart.points) == 6
    assert one.curve.chart.points == other.curve.chart.points
    assert one.status.value == other.status.value


@pytest.mark.parametrize(
    ("labelled", "dead", "why"),
    [
        (0, {"train", "round", "cancel"}, "Nothing is labelled yet"),
        (24, {"cancel"}, "Nothing is running"),
        (60, {"rank", "cancel"}, "nothing left to rank"),
    ],
)
def test_a_button_that_cannot_act_says_why(isolated_root: Path, labelled: int, dead: set[str], why: str) -> None:
    shown = Dashboard(prepared(isolated_root, labelled))
    assert {act for act, button in shown.buttons.items() if button.disabled} == dead
    assert any(why in shown.buttons[act].tooltip for act in dead)
    assert all(button.tooltip.endswith(".") for button in shown.buttons.values())


def test_while_a_job_runs_only_cancel_is_left(trained: Workbench) -> None:
    job = jobs.create(trained.home, "train")
    job.report(Progress(1, 4, "train"))
    shown = Dashboard(trained)
    assert {act for act, button in shown.buttons.items() if button.disabled} == {"train", "rank", "round"}
    assert "Retrain is running" in shown.buttons["rank"].tooltip
    now = shown.strip.view.now
    assert (now["act"], now["share"], now["step"]) == ("Retrain", 0.25, "train")
    write_json(job.folder / "end.json", {"state": "failed", "seconds": 1.0, "error": "No <b>luck</b>", "fix": "Try"})
    assert shown.why.value.count("Retrain is running") == 1
    shown.refresh()
    assert shown.strip.view.now == {}
    assert shown.strip.view.past[0]["error"] == "No <b>luck</b>"
    assert "No &lt;b&gt;luck&lt;/b&gt;" in shown.error.value
    assert "Next: Try" in shown.error.value


def test_while_the_queue_is_refilled_a_round_may_be_started(trained: Workbench) -> None:
    job = jobs.create(trained.home, "rank")
    shown = Dashboard(trained)
    assert {act for act, button in shown.buttons.items() if button.disabled} == {"rank"}
    assert "Re-rank is running" in shown.why.value
    ended = jobs.create(trained.home, "round")
    ended.end("cancelled", time.time())
    shown.refresh()
    assert {act for act, button in shown.buttons.items() if button.disabled} == {"rank"}, "it still runs"
    job.end("done", time.time())
    shown.refresh()
    assert {act for act, button in shown.buttons.items() if button.disabled} == {"cancel"}


def test_why_buttons_are_disabled_can_be_read(isolated_root: Path) -> None:
    shown = Dashboard(prepared(isolated_root, 0))
    assert "Retrain, Round: Nothing is labelled yet" in shown.why.value
    assert "Cancel: Nothing is running." in shown.why.value
    assert shown.why.layout.display == ""
    assert ">Nothing is running.<" in Dashboard(prepared(isolated_root)).why.value
    assert "&lt;b&gt;" in parts.reasons({"train": "<b>"})


def test_a_cancelled_round_promises_nothing(trained: Workbench) -> None:
    job = jobs.create(trained.home, "round")
    job.end("cancelled", time.time())
    shown = Dashboard(trained)
    last = shown.strip.view.past[0]
    assert (last["act"], last["state"]) == ("Round", "cancelled")
    assert "the status above shows what is live" in last["said"]
    assert "stays live" not in shown.buttons["cancel"].tooltip


def test_empty_states_tell_the_next_step(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    assert "Press Re-rank" in Dashboard(bench).queue.table.empty
    assert "There is no version yet" in Dashboard(bench).curve.chart.empty
    add_versions(bench, [0], of=0)
    shown = Dashboard(bench)
    assert "not measured yet" in shown.curve.chart.empty
    assert shown.curve.chart.points[0]["value"] is None
    publish(bench, [1, 2])
    assert "Press Round" in Dashboard(bench).queue.table.empty


def test_a_detached_project_says_how_to_attach_it_again(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    write_json(bench.home.path("detached.json"), {"done": True})
    shown = Dashboard(bench)
    for told in (shown.curve.chart.empty, shown.queue.table.empty, shown.why.value):
        assert "is detached. Attach it again: lsal attach http://127.0.0.1:1 7" in told
        assert "Press" not in told
    assert all(button.disabled for button in shown.buttons.values())


def test_the_card_of_a_failed_job_gives_no_advice_that_is_out_of_date(trained: Workbench) -> None:
    job = jobs.create(trained.home, "rank")
    job.end("failed", time.time(), error="no longer takes this token", fix="Make a new one", contact=True)
    assert "Next: Make a new one" in Dashboard(trained).error.value
    trained.desk.mirror.remember(project={"asked_at": time.time()})
    assert "Next: Label Studio has answered since" in Dashboard(trained).error.value


def test_without_a_project_it_says_how_to_get_one(isolated_root: Path) -> None:
    shown = Dashboard(Workbench(isolated_root))
    assert "There is no project yet" in shown.error.value
    assert all(button.disabled for button in shown.buttons.values())


def test_a_hostile_title_is_only_text(isolated_root: Path) -> None:
    shown = Dashboard(prepared(isolated_root, title=HOSTILE))
    assert "<script" not in shown.status.value
    assert "<img" not in shown.status.value


def test_images_are_made_small_and_a_broken_one_is_named(isolated_root: Path) -> None:
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    bench = prepared(isolated_root, images=True)
    publish(bench, [25, 27])
    shown = previews.Previews(bench).of(bench.queue())
    kind, _, content = shown["25"]["image"].partition(",")
    assert kind == "data:image/png;base64"
    assert max(Image.open(BytesIO(b64decode(content))).size) == previews.SIDE
    assert "problem" in shown["27"]


# In an event loop ------------------------------------------------------------------------


async def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.05)


def said(shown: Dashboard) -> str:
    """What came of the last job."""
    return next((job["said"] for job in shown.strip.view.past), "")


class Held:
    """A function of somebody's that waits for leave: where the event loop itself runs it, nobody can give it."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.begun, self.leave, real = threading.Event(), threading.Event(), getattr(owner, name)
        self.in_vain = 0

        def waits(*given: Any) -> Any:
            self.begun.set()
            self.in_vain += not self.leave.wait(30)
            return real(*given)

        patch.setattr(owner, name, waits)


def test_a_failing_click_becomes_a_card_and_the_loop_stays_free(
    trained: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = (board, "look"), (previews.Previews, "of"), *((Workbench, name) for name in ("open_pool", "sync", "rank"))
    looked, illustrated, read, synced, ranked = all_held = [Held(monkeypatch, *one) for one in held]

    async def play() -> None:
        shown = Dashboard(trained)
        await until(looked.begun.is_set)
        looked.leave.set()
        await until(read.begun.is_set)
        read.leave.set()
        await until(lambda: shown.queue.table.told.get("batch") == 25)
        shown.queue.table._handle_custom_msg({"ask": "previews", "view": "a page", "tasks": [25]}, [])
        await until(illustrated.begun.is_set)
        illustrated.leave.set()
        await until(synced.begun.is_set)
        synced.leave.set()
        await until(lambda: "is not running" in shown.status.value)
        shown.buttons["rank"].click()
        await until(lambda: shown.buttons["rank"].disabled)
        await until(ranked.begun.is_set)
        ranked.leave.set()
        await until(lambda: "lsal-card" in shown.error.value)
        assert re.search(r"Re-rank failed at [\d:]+: lsal&#x27;s own Label Studio is not running", shown.error.value)
        assert "Next: Start it: lsal up" in shown.error.value
        await until(lambda: not shown.buttons["rank"].disabled)
        shown.close()
        await asyncio.sleep(0)
        await until(lambda: not shown._tasks)

    asyncio.run(play())
    assert not any(one.in_vain for one in all_held), "the event loop stood still"


def test_any_other_error_becomes_a_card_too(
    trained: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: Workbench) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Workbench, "rank", full)

    async def play() -> None:
        shown = Dashboard(trained)
        await until(lambda: not shown.buttons["rank"].disabled)
        shown.buttons["rank"].click()
        await until(lambda: "lsal-card" in shown.error.value)
        assert "Re-rank failed: OSError: [Errno 28] No space left on device" in shown.error.value
        assert "lsal status" in shown.error.value
        await until(lambda: not shown.buttons["rank"].disabled)
        shown.close()

    asyncio.run(play())
    assert any(record.exc_info for record in caplog.records), "the traceback is in the log"


def test_a_look_that_fails_is_told_until_one_goes_well(trained: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Workbench) -> None:
        raise OSError(5, "Input/output error")

    async def play() -> None:
        shown = Dashboard(trained)
        await until(lambda: not shown.buttons["rank"].disabled)
        with monkeypatch.context() as patch:
            patch.setattr(board, "latest", broken)
            shown.buttons["rank"].click()
            await until(lambda: "Input/output error" in shown.status.value)
            await until(lambda: not shown.buttons["rank"].disabled)
        await until(lambda: "Input/output error" not in shown.status.value)
        shown.close()

    asyncio.run(play())


@pytest.mark.usefixtures("label_studio")
def test_counters_move_and_a_round_runs_on_a_real_label_studio(root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path)

    async def play() -> None:
        shown = Dashboard(bench)
        await until(lambda: "Tasks" in shown.status.value)
        shown.buttons["rank"].click()
        await until(lambda: "6 tasks published" in said(shown) and shown.queue.table.told.get("batch") == 6)
        await asyncio.to_thread(bench.label, 6)
        await until(lambda: "<b>6</b>" in shown.status.value and not shown.queue.table.told["batch"])
        shown.buttons["round"].click()
        await until(lambda: "left" in shown.strip.view.now or len(shown.strip.view.past) == 2)
        await until(lambda: "Version 1 is live" in said(shown))
        await until(lambda: shown.queue.table.told.get("batch") == 6 and len(shown.curve.chart.points) == 1)
        assert shown.queue.table.told["address"].startswith(bench.desk.url)
        shown.close()

    asyncio.run(play())


# Records ---------------------------------------------------------------------------------


def test_records_look_right_and_are_escaped(isolated_root: Path) -> None:
    bench = prepared(isolated_root, title=HOSTILE)
    add_versions(bench, [20, 25])
    publish(bench, [25, 26])
    broken = Verification(HOSTILE, 3, (1, 2), 1, (HOSTILE,), ("lsal rank",))
    records = (bench.status(), bench.versions(), bench.curve(), bench.queue(), broken, bench.status().settings)
    for shown in records:
        html = to_html(shown)
        assert html
        assert not re.search(r"<(script|img)", html)
    assert "83.3 % (66.4 to 92.7)" in to_text(bench.curve())
    assert "Next: lsal rank" in to_text(broken)
    assert to_html([1, 2]) is None
    assert to_html([]) is None
    assert to_html(object()) is None


def test_text_is_aligned_and_cannot_move_the_cursor() -> None:
    shown = {"rounds": [{"version": 1, "labels": 25}, {"version": 10, "labels": 5}], "said": "\x1b[2Jgone"}
    *_, head, first, second = to_text(shown).splitlines()
    assert head.index("labels") == first.index("25") == second.index("5")
    assert "\x1b" not in to_text(shown)


def test_long_emoji_stay_whole_and_nothing_hides_or_reorders_a_text() -> None:
    kept = ("👨‍👩‍👧", "🏳️‍🌈", "👍🏽", "می‌خواهم")
    for text in kept:
        assert f"  {text}  " in to_text([Waiting(0, 31, {"text": text}, True)])
    for sign in "\u202e\u2066\u200f\u200b\ufeff\u2060\U000e0041":
        shown = to_text([Waiting(0, 31, {"text": f"a{sign}b"}, True)])
        assert sign not in shown
        assert "a\N{REPLACEMENT CHARACTER}b" in shown


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("/data/local-files/?d=digits-7/0042.png", "0042.png"),
        ("/data/local-files/?d=digits-7/no-ending", "no-ending"),
        ("/data/upload/3/9f-black%20cat.jpg", "9f-black cat.jpg"),
        ("https://example.org/cats/1.jpg?signature=abc", "1.jpg"),
        ("s3://bucket/cats/1.jpg", "1.jpg"),
        ("https://example.org/", "https://example.org/"),
        ("http://[", "http://["),
        ("see https://example.org/1.jpg", "see https://example.org/1.jpg"),
        ("and/or", "and/or"),
    ],
)
def test_the_queue_names_files_not_paths(value: str, wanted: str) -> None:
    lines = to_text([Waiting(0, 31, {"image": value}, True)]).splitlines()
    assert lines[-1].split("  ")[:1] == ["1"]
    assert f"  {wanted}  " in lines[-1]


def test_ipython_shows_records_and_leaves_other_lists_alone(trained: Workbench) -> None:
    shell = InteractiveShell.instance()
    try:
        register(shell)
        render = shell.display_formatter.format
        assert "Project 7" in render(trained.status())[0]["text/html"]
        assert "Project 7" in render(trained.status())[0]["text/plain"]
        assert "Versions" in render(trained.versions())[0]["text/html"]
        assert set(render([1, 2])[0]) == {"text/plain"}
        assert render(trained.plot())[0]["image/png"].startswith(b"\x89PNG")
    finally:
        InteractiveShell.clear_instance()


def test_a_figure_says_on_what_it_was_measured(trained: Workbench, tmp_path: Path) -> None:
    figure = trained.plot(baseline=[(25, 0.4), (140, 0.8)], held_out=[(28, 0.5), (140, 0.88)])
    figure.savefig(tmp_path / "curve.png")
    (axes,) = figure.axes
    assert "measured on 30 tasks of the fixed random order, never trained on" in axes.get_title(loc="left")
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"95 % interval", "live version", "held back: clearly worse", "held-out tasks"} <= legend
    assert "random order, held-out tasks" in legend
    assert (tmp_path / "curve.png").stat().st_size > 10_000
    learning_curve([]).savefig(tmp_path / "empty.png")
    learning_curve(trained.curve()[:1]).savefig(tmp_path / "one.png")


def test_the_shell_needs_no_widgets() -> None:
    code = "import sys, lsal.dashboard.html; print({'ipywidgets', 'matplotlib', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "set()"
