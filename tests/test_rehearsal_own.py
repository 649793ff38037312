"""Rehearsals on people's annotations: exports of Label Studio, and the labels of a project on the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import write_texts

from lsal import jobs
from lsal.cli import main
from lsal.dashboard.html import to_text
from lsal.dashboard.look import refusals
from lsal.errors import BadData, BadRequest
from lsal.label_studio.server import Server
from lsal.records import Labels
from lsal.rehearsal import rehearse
from lsal.rehearsal.source import read_source
from lsal.workbench import Workbench

SMALL: dict[str, Any] = {"strategies": ("auto", "random"), "start": 6, "batch": 6, "budget": 18, "seeds": 2}


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project on the real Label Studio in which everything is labelled, two fifths of it for measuring."""
    path = write_texts(tmp_path_factory.mktemp("own") / "texts.csv", 100)
    made = Workbench(root).new(str(path), title="rehearsed", with_labels=True)
    made.configure(measuring_share=0.4, refill_below=0.0)
    made.sync()
    yield made
    made.cancel()


@pytest.fixture(scope="module")
def exported(bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "mine.json"
    bench.export(out=path)
    return path


def test_the_projects_own_labels_are_replayed_in_a_job(bench: Workbench) -> None:
    before = {task.id for task in bench.desk.mirror.labelled()}
    with pytest.raises(BadRequest, match="Nothing was rehearsed"):
        bench.rehearsed()
    with pytest.raises(BadRequest, match="no control 'absent' here"):
        bench.rehearse_own("absent", **SMALL)
    with pytest.raises(BadRequest, match="No strategy is called 'best'"):
        bench.rehearse_own(**SMALL | {"strategies": ("best",)})
    job = bench.rehearse_own(**SMALL, workers=1)
    assert jobs.running(bench.home) is None, "rounds need not wait for it"
    with pytest.raises(BadRequest, match="still running"):
        bench.rehearse_own(**SMALL)
    told = job.wait(timeout_s=300)
    done = bench.rehearsed()
    assert told["verdict"] == done.verdict
    measured = sum(task.place < 0.4 for task in bench.desk.mirror.labelled())
    assert done.summary[0]["measured_on"].startswith(f"accuracy on {measured} tasks of the fixed random order")
    assert "not a random draw of the project" in done.verdict
    assert [one["labels"] for one in done.results] == [[6, 12, 18]] * 4
    assert {task.id for task in bench.desk.mirror.labelled()} == before
    assert bench.versions() == [], "nothing was trained for the project"
    assert done.verdict in to_text(job)


def test_the_command_follows_and_shows_the_last_one(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--project", bench.home.slug, "--strategies", "margin,random", "--start", "6", "--batch", "8"]
    words += ["--budget", "600", "--seeds", "2", "--workers", "1"]
    with pytest.MonkeyPatch.context() as here:
        here.setenv("LSAL_ROOT", str(bench.root))
        assert main(["rehearse", *words, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert main(["rehearse", "--last", "--project", bench.home.slug]) == 0
    assert set(shown) == {"results", "summary", "verdict"}
    assert "fewer than the budget of 600" in shown["verdict"]
    assert shown["verdict"] in capsys.readouterr().out


def test_with_few_measuring_tasks_a_fifth_is_held_out_and_that_is_said(bench: Workbench) -> None:
    bench.configure(measuring_share=0.05)
    try:
        bench.rehearse_own(**SMALL, workers=1).wait(timeout_s=300)
    finally:
        bench.configure(measuring_share=0.4)
    done = bench.rehearsed()
    assert "20 wanted: measured on a fifth of all labels" in done.verdict
    assert "accuracy on 20 tasks held out of the labels that strategies chose, so biased" in to_text(done)


def test_it_can_be_cancelled_while_a_round_could_go_on(bench: Workbench) -> None:
    job = bench.rehearse_own(**SMALL | {"seeds": 200, "budget": 36, "batch": 1}, workers=1)
    assert refusals_of(bench, job) == {}
    assert bench.cancel()
    for state in job.follow():
        last = state
    assert last.state == "cancelled"


def refusals_of(bench: Workbench, job: jobs.Job) -> dict[str, str]:
    from lsal.dashboard.look import look

    return {name: why for name, why in refusals(look(bench), job.state()).items() if "rehearse" in why.lower()}


def test_an_export_is_replayed_like_the_table_it_was_made_of(exported: Path, bench: Workbench) -> None:
    told = rehearse(exported, **SMALL)
    assert [one["labels"] for one in told.results] == [[6, 12, 18]] * 4
    source = read_source(exported, "text", "label")
    assert source.control.labels == ("animal", "machine")
    said = {one.input: one.target for one in source.examples}
    own = {task.data["text"]: task for task in bench.desk.mirror.labelled()}
    assert said.keys() == own.keys()
    assert all(
        target == Labels((own[text].annotations[0].result[0]["value"]["choices"][0],)) for text, target in said.items()
    )


def answered(task: dict[str, Any], *labels: str) -> dict[str, Any]:
    """The same task with these answers, each by another person."""
    one = task["annotations"][0]
    made = [
        {**one, "id": n, "completed_by": n, "result": [{**one["result"][0], "value": {"choices": [label]}}]}
        for n, label in enumerate(labels)
    ]
    return {**task, "annotations": made}


def test_the_majority_of_an_exports_annotators_counts_and_skips_do_not(exported: Path, tmp_path: Path) -> None:
    tasks = json.loads(exported.read_text())
    tasks[0] = answered(tasks[0], "animal", "machine", "machine")
    tasks[1] = answered(tasks[1], "animal", "animal", "machine")
    tasks[2]["annotations"][0]["was_cancelled"] = True
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    found = {one.input: one for one in read_source(path, "text", "label").examples}
    assert found[tasks[0]["data"]["text"]].target == Labels(("machine",))
    assert found[tasks[0]["data"]["text"]].how == "majority, 2 of 3"
    assert found[tasks[1]["data"]["text"]].target == Labels(("animal",))
    assert tasks[2]["data"]["text"] not in found


def test_a_label_config_beside_an_export_names_the_classes(exported: Path, tmp_path: Path, bench: Workbench) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(exported.read_bytes())
    config = bench.desk.config.xml.replace('<Choice value="animal"', '<Choice value="plant"/><Choice value="animal"')
    (tmp_path / "config.xml").write_text(config)
    assert read_source(path, "text", "label").control.labels == ("plant", "animal", "machine")
    (tmp_path / "config.xml").write_text(config.replace('name="label"', 'name="other"'))
    assert read_source(path, "text", "label").control.labels == ("animal", "machine"), "it is of another project"


def test_spans_and_boxes_of_an_export_are_inferred_from_their_types(tmp_path: Path) -> None:
    region = {"from_name": "ner", "to_name": "text", "type": "labels"}
    rows = [
        {"data": {"text": f"Anna lives in Oslo {n}"}, "annotations": [{"completed_by": 1, "result": [
            {**region, "id": "a", "value": {"start": 0, "end": 4, "text": "Anna", "labels": ["person"]}},
            {**region, "id": "b", "value": {"start": 14, "end": 18, "text": "Oslo", "labels": ["place"]}},
        ]}]}
        for n in range(8)
    ]  # fmt: skip
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(rows))
    source = read_source(path, "text", "label")
    assert (source.control.tag, source.control.labels, source.family) == ("Labels", ("person", "place"), "crf_tokens")
    assert [(one.start, one.label) for one in source.examples[0].target.items] == [(0, "person"), (14, "place")]


def test_what_an_export_lacks_is_said(exported: Path, tmp_path: Path) -> None:
    tasks = json.loads(exported.read_text())
    tasks[0]["data"]["image"] = "/data/upload/7/gone.png"
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    assert read_source(path, "text", "label").notes == ("1 task of the export could not be read and is left out",)
    for task in tasks:
        task["annotations"][0]["was_cancelled"] = True
    path.write_text(json.dumps(tasks))
    with pytest.raises((BadData, BadRequest)):
        read_source(path, "text", "label")


@pytest.mark.parametrize(
    ("name", "family", "count"), [("digits", "image_features", 1797), ("messages", "crf_tokens", 100)]
)
def test_sets_of_lsals_own_are_named(name: str, family: str, count: int) -> None:
    source = read_source(Path(name), "text", "label")
    assert source.family == family
    assert len(source.examples) >= count
    assert len(source.pool_and_test(0)[1]) > 0
