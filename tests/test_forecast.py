"""The forecast of a project: rounds on a real Label Studio leave answers behind, and every door shows what is ahead."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from prepared import add_versions, prepared
from projects import demo_of_texts

from lsal import cli, outlook
from lsal.dashboard.html import to_text
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.label_studio import server
from lsal.outlook.verdict import CANNOT_TELL, GO_ON, STOP
from lsal.workbench import Workbench


@pytest.fixture(scope="module")
def bench(label_studio: server.Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project after four rounds, half of whose labels are for measuring, with enough left of both halves."""
    made = demo_of_texts(root, tmp_path_factory.mktemp("texts"), 150, batch=12, title="Outlook")
    made.configure(measuring_share=0.5)
    for _ in range(4):
        made.round().wait(300)
        made.label()
    made.round().wait(300)
    return made


def test_rounds_leave_the_answers_of_each_version_to_the_open_tasks(bench: Workbench) -> None:
    desk = bench.desk
    assert outlook.sample.asked(bench.home) == [one.number for one in bench.versions() if one.promoted]
    for version in bench.versions():
        said = outlook.sample.answers(bench.home, version.number)
        tasks = {int(key.partition(":")[0]) for key in said}
        assert not tasks & set(version.examples["ids"]), "what a version learned from tells nothing"
        assert all(task.place >= 0.5 for task in desk.mirror.tasks(ids=tasks)), "measuring tasks are not asked"
    assert len(outlook.sample.answers(bench.home, 1)) > len(outlook.sample.answers(bench.home, 4)) > 0


def test_a_real_project_has_an_outlook(bench: Workbench) -> None:
    (one,) = bench.forecast(target=0.9)
    assert one.forecast.why_not == ""
    assert [ahead.more for ahead in one.forecast.expected] == [12, 100, 200]
    assert (one.forecast.versions, one.forecast.tasks) == (4, bench.curve()[-1].tasks)
    assert 0 <= one.forecast.now[0] < one.forecast.now[1] <= 1
    assert one.forecast.value == bench.curve()[-1].value
    asked = outlook.sample.asked(bench.home)
    assert len(asked) > 1
    assert [(step.first, step.second) for step in one.steps] == [*pairwise(asked)]
    assert one.stability is None or one.stability.tasks < outlook.sample.WANTED
    assert one.verdict in (STOP, GO_ON, CANNOT_TELL)
    assert one.says.endswith(one.verdict)
    told = to_text([one])
    assert "In back-tests on replays" in told
    assert "open tasks" in told


@pytest.fixture
def home(isolated_root: Path) -> Workbench:
    """Six versions, each right on so many of the same 30 measuring tasks."""
    made = prepared(isolated_root)
    add_versions(made, [15, 18, 20, 22, 23, 24], held=(3,))
    return made


def sampled(bench: Workbench, *changed: int, tasks: int = 1200) -> None:
    """Let the versions 1, 2, ... have answered open tasks, each so many of them otherwise than the one before."""
    said = [number % 2 for number in range(tasks)]
    for version, others in enumerate(changed, start=1):
        said = [1 - one if number < others else one for number, one in enumerate(said)]
        kept = {"answers": [["ham"], ["spam"]], "said": {f"{n}:digest": one for n, one in enumerate(said)}}
        write_json(bench.home.path("versions", "sample", f"{version:04d}.json"), kept)


def test_all_measured_versions_are_points_held_ones_too(home: Workbench) -> None:
    (one,) = home.forecast()
    assert (one.forecast.versions, one.forecast.value, one.forecast.tasks) == (6, 0.8, 30)
    assert one.forecast.needed.target == 0.85, "the next round figure"
    assert one.forecast.tried == 2, "what the first four and the first five would have said"
    assert home.forecast(0.95)[0].forecast.needed.target == 0.95
    with pytest.raises(BadRequest, match="90"):
        home.forecast(90)


def test_the_kappa_of_successive_versions_decides_with_the_gain(home: Workbench) -> None:
    assert "two versions have scored" in " ".join(home.forecast()[0].notes)
    sampled(home, 0, 60, 3, 2, 0, 1)
    (one,) = home.forecast()
    assert [step.alike for step in one.steps] == [1140, 1197, 1198, 1200, 1199]
    assert one.stability.stable
    assert one.stability.kappa == pytest.approx(1 - 2 * (2 + 0 + 1) / 1200 / 3, abs=1e-4)
    assert one.says.startswith("answers are stable (kappa .998")
    sampled(home, 0, 60, 3, 2, 0, 1, tasks=500)
    assert "Kappa is over all 500 open tasks; 1,000 would be better." in home.forecast()[0].notes


def test_other_labels_or_another_family_begin_a_curve_of_their_own(home: Workbench) -> None:
    newest = home.versions()[-1].folder / "version.json"
    newest.write_text(newest.read_text().replace('"random"', '"sklearn_text"'))
    (one,) = home.forecast()
    assert one.forecast.versions == 1
    assert one.verdict == CANNOT_TELL
    assert "1 measured version makes no curve" in one.notes[0]


def test_the_shell_shows_it_and_its_json(home: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["forecast", "--target", "0.9"]) == 0
    told = capsys.readouterr().out
    assert "Outlook of 'label'" in told
    assert "100 more labels are expected to bring" in told.replace("\n", " ")
    assert cli.main(["forecast", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["control"] == "label"
    assert one["forecast"]["needed"]["target"] == 0.85
    assert len(one["forecast"]["expected"]) == 3
    assert cli.main(["forecast", "--target", "90"]) == 1
    assert "--target 0.9" in capsys.readouterr().err


def test_without_a_version_the_next_step_is_told(isolated_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepared(isolated_root).forecast() == []
    assert cli.main(["forecast"]) == 0
    assert "lsal round" in capsys.readouterr().out
