"""What people take out of a project: annotations and predictions as files and DataFrames, from the real server."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from projects import answer, demo_of_texts
from proxies import Proxy, serving
from switches import add_version, do

from lsal import cli, predicting, publishing
from lsal.errors import BadRequest, NoVersion, Unreachable
from lsal.label_studio.server import Server
from lsal.workbench import Workbench, exporting

Client = Callable[..., httpx.Response]

HARMFUL = '=HYPERLINK("http://127.0.0.1/","look")'
SPANS = (
    '<View><Text name="text" value="$text"/><Labels name="who" toName="text">'
    '<Label value="PER"/><Label value="LOC"/></Labels></View>'
)
SEVERAL = (
    '<View><Text name="text" value="$text"/><Choices name="topics" toName="text" choice="multiple">'
    '<Choice value="news"/><Choice value="sport"/></Choices></View>'
)


@pytest.fixture
def bench(label_studio: Server, root: Path, tmp_path: Path) -> Workbench:
    """A demo of 20 texts: the batch of six has four labels, one skip, and one task that stays open."""
    made = demo_of_texts(root, tmp_path, count=25)
    do(made, "rank")
    tasks = batch(made)
    for number, task in enumerate(tasks[:4]):
        made.desk.project.submit(task, answer(made, ("animal", "machine")[number % 2]), 2.5)
    made.desk.project.submit(tasks[4], [], 1.0, skipped=True)
    return made


def batch(bench: Workbench) -> tuple[int, ...]:
    published = publishing.live_publication(bench.home)
    assert published
    return published.task_ids


def make(client: Client, root: Path, server: Server | Proxy, config: str, tasks: list[dict[str, Any]]) -> Workbench:
    """A project made by hand, attached."""
    made = client("POST", "/api/projects/", json={"title": "by hand", "label_config": config}).raise_for_status()
    number = made.json()["id"]
    client("POST", f"/api/projects/{number}/import", json=tasks).raise_for_status()
    return Workbench(root).attach(server.url, number)


def table(path: Path, sign: str = ",") -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=sign))


# Annotations ------------------------------------------------------------------------


def test_json_is_what_label_studio_itself_exports(bench: Workbench, client: Client, tmp_path: Path) -> None:
    told = bench.export(out=tmp_path / "mine.json")
    mine = json.loads((tmp_path / "mine.json").read_text())
    exported = client("GET", f"/api/projects/{bench.home.project}/export", params={"exportType": "JSON"}).json()
    theirs = {task["id"]: task for task in exported if task["annotations"]}
    assert [task["id"] for task in mine] == sorted(theirs)
    assert (told.count, len(theirs)) == (5, 5)
    for task in mine:
        other = theirs[task["id"]]
        assert (task["data"], task["inner_id"]) == (other["data"], other["inner_id"])
        for one, same in zip(task["annotations"], other["annotations"], strict=True):
            assert one["completed_by"]["id"] == same["completed_by"]
            kept = {"id", "result", "was_cancelled", "ground_truth", "lead_time", "created_at", "updated_at"}
            assert {name: one[name] for name in kept} == {name: same[name] for name in kept}


def test_an_export_makes_the_same_project_again(bench: Workbench, client: Client, tmp_path: Path) -> None:
    bench.export(out=tmp_path / "mine.json")
    again = Workbench(bench.root).new(str(tmp_path / "mine.json"), title=f"again {tmp_path.name}"[:50])
    said = {task["data"]["text"]: answers(task) for task in json.loads((tmp_path / "mine.json").read_text())}
    stored = client("GET", f"/api/projects/{again.home.project}/export", params={"exportType": "JSON"}).json()
    assert {task["data"]["text"]: answers(task) for task in stored} == said
    assert sum(skipped for given in said.values() for _, skipped in given) == 1


def answers(task: dict[str, Any]) -> list[tuple[list[str], bool]]:
    chosen = [
        [label for region in one["result"] for label in region["value"]["choices"]] for one in task["annotations"]
    ]
    return list(zip(chosen, [one["was_cancelled"] for one in task["annotations"]], strict=True))


def test_a_dataframe_has_a_row_for_each_annotation_and_what_people_agree_on(bench: Workbench) -> None:
    frame = bench.annotations().set_index("task")
    tasks = batch(bench)
    assert list(frame.loc[list(tasks[:4]), "label"]) == ["animal", "machine"] * 2
    assert list(frame.loc[list(tasks[:4]), "label_agreed"]) == ["animal", "machine"] * 2
    assert set(frame.loc[list(tasks[:4]), "label_how"]) == {"one answer"}
    assert frame.loc[tasks[4], "skipped"]
    assert pd.isna(frame.loc[tasks[4], "label"])
    assert frame.loc[tasks[4], "label_how"] == "nobody answered"
    assert set(frame["annotator"]) == {bench.login()[0]}
    assert list(frame.loc[list(tasks[:4]), "lead_time"]) == [2.5] * 4
    texts = {task.id: task.data["text"] for task in bench.desk.mirror.tasks()}
    assert dict(frame["text"]) == {task: texts[task] for task in tasks[:5]}


@pytest.mark.parametrize(("ending", "sign"), [("csv", ","), ("tsv", "\t")])
def test_tables_come_through_the_converter_and_run_no_formula(
    label_studio: Server, root: Path, client: Client, tmp_path: Path, ending: str, sign: str
) -> None:
    config = SEVERAL.replace(' choice="multiple"', "")
    data = [{"data": {"text": HARMFUL, "id": "mine"}}, {"data": {"text": "-2.5", "id": "+1 555"}}]
    bench = make(client, root, label_studio, config, data)
    bench.sync()
    for task in bench.desk.mirror.ids():
        bench.desk.project.submit(task, answer(bench, "sport"), 1.0)
    bench.export(out=tmp_path / f"out.{ending}")
    first, second = sorted(table(tmp_path / f"out.{ending}", sign), key=lambda row: int(row["id"]))
    assert first["text"] == f"'{HARMFUL}"
    assert second["text"] == "-2.5"
    assert (first["topics"], second["topics"]) == ("sport", "sport")
    assert [int(row["id"]) for row in (first, second)] == list(bench.desk.mirror.ids()), (
        "Label Studio's, not the data's"
    )
    assert [row["_data_id"] for row in (first, second)] == ["mine", "'+1 555"]


def test_conll_has_a_tag_for_each_word(label_studio: Server, root: Path, client: Client, tmp_path: Path) -> None:
    text = "Ada Lovelace met Charles in London"
    bench = make(client, root, label_studio, SPANS, [{"data": {"text": text}}])
    bench.sync()
    spans = [("Ada Lovelace", "PER"), ("Charles", "PER"), ("London", "LOC")]
    result = [
        {
            "from_name": "who",
            "to_name": "text",
            "type": "labels",
            "value": {"start": text.index(s), "end": text.index(s) + len(s), "text": s, "labels": [label]},
        }
        for s, label in spans
    ]
    bench.desk.project.submit(next(iter(bench.desk.mirror.ids())), result, 1.0)
    bench.export(format="conll", out=tmp_path / "out.conll")
    lines = [line.split() for line in (tmp_path / "out.conll").read_text().splitlines() if line.strip()]
    tagged = [(line[0], line[-1]) for line in lines if line[0] != "-DOCSTART-"]
    assert tagged == [
        ("Ada", "B-PER"),
        ("Lovelace", "I-PER"),
        ("met", "O"),
        ("Charles", "B-PER"),
        ("in", "O"),
        ("London", "B-LOC"),
    ]


def test_a_format_that_the_config_does_not_go_with_says_what_there_is(bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"conll wants Labels on a Text; this project has Choices 'label' on Text"):
        bench.export(format="conll", out=tmp_path / "out.conll")
    with pytest.raises(BadRequest, match="no predictions in the format 'conll'"):
        bench.export("predictions", "conll", tmp_path / "out.conll")
    with pytest.raises(BadRequest, match="no annotations in the format 'docx'"):
        bench.export(out=tmp_path / "out.docx")
    assert not list(tmp_path.glob("*out*"))


def test_without_annotations_the_columns_are_there_all_the_same(
    label_studio: Server, root: Path, client: Client
) -> None:
    bench = make(client, root, label_studio, SEVERAL, [{"data": {"text": "nothing", "from": "a letter"}}])
    frame = bench.annotations()
    assert len(frame) == 0
    assert {"task", "skipped", "topics", "topics_agreed", "topics_how", "text", "from"} <= set(frame.columns)


def test_several_labels_are_a_tuple(label_studio: Server, root: Path, client: Client) -> None:
    bench = make(client, root, label_studio, SEVERAL, [{"data": {"text": "both", "task": "theirs"}}])
    bench.sync()
    region = {"from_name": "topics", "to_name": "text", "type": "choices", "value": {"choices": ["news", "sport"]}}
    bench.desk.project.submit(next(iter(bench.desk.mirror.ids())), [region], 1.0)
    (row,) = bench.annotations().to_dict("records")
    assert (row["topics"], row["topics_agreed"]) == (("news", "sport"), ("news", "sport"))
    assert (row["data.task"], row["task"]) == ("theirs", next(iter(bench.desk.mirror.ids())))


# Predictions ------------------------------------------------------------------------


def test_predictions_are_those_of_the_live_version_with_its_doubts(bench: Workbench) -> None:
    with pytest.raises(NoVersion, match="No version is live"):
        bench.predictions()
    do(bench, "round")
    frame = bench.predictions().set_index("task")
    control = bench.desk.handled["label"][0]
    version = bench.desk.store.get(bench.desk.store.current()["label"])
    tasks = sorted(bench.desk.mirror.tasks(), key=lambda task: task.id)
    told = predicting.load(version, control).predict(list(bench.desk.examples("label", tasks)))
    assert list(frame.index) == [task.id for task in tasks]
    assert list(frame["label"]) == [one.target.names[0] for one in told]
    chances = np.stack([one.chances[0] for one in told])
    assert np.allclose(frame["chance"], chances.max(axis=1))
    assert np.allclose(frame["margin"], np.abs(chances[:, 0] - chances[:, 1]), atol=1e-6)
    bits = -(chances * np.log(chances)).sum(axis=1) / np.log(2)
    assert np.allclose(frame["entropy"], bits, atol=1e-5)
    assert set(frame["version"]) == {version.number}
    share = bench.home.settings().measuring_share
    assert list(frame["measuring"]) == [task.place < share for task in tasks]
    ranked = frame["rank"].dropna().sort_values()
    assert list(ranked.index) == list(batch(bench))
    assert list(ranked) == list(range(1, len(batch(bench)) + 1))
    assert dict(frame["state"].value_counts()) == {"open": 15, "labelled": 4, "skipped": 1}


def test_another_version_answers_after_a_promotion(bench: Workbench) -> None:
    do(bench, "round")
    before = bench.predictions()
    other = add_version(bench, seed=3)
    do(bench, "promote", number=other.number)
    after = bench.predictions()
    assert set(after["version"]) == {other.number}
    assert not after["label"].equals(before["label"])


def test_predictions_can_be_given_back_to_label_studio(bench: Workbench, client: Client, tmp_path: Path) -> None:
    do(bench, "round")
    bench.export("predictions", out=tmp_path / "out.json")
    given = json.loads((tmp_path / "out.json").read_text())
    tasks = [{"data": task["data"], "predictions": task["predictions"]} for task in given]
    project = client("POST", "/api/projects/", json={"title": "copy", "label_config": bench.desk.config.xml}).json()
    client("POST", f"/api/projects/{project['id']}/import", json=tasks).raise_for_status()
    stored = client("GET", "/api/predictions", params={"project": project["id"]}).json()
    guessed = bench.predictions()
    assert sorted(one["result"][0]["value"]["choices"][0] for one in stored) == sorted(guessed["label"])
    assert {one["model_version"] for one in stored} == {"lsal-label.v1"}
    assert sorted(one["score"] for one in stored) == pytest.approx(sorted(guessed["chance"]), abs=1e-5)


def test_a_table_of_predictions_is_the_dataframe(bench: Workbench, tmp_path: Path) -> None:
    do(bench, "round")
    bench.export("predictions", out=tmp_path / "out.csv")
    read, frame = pd.read_csv(tmp_path / "out.csv"), bench.predictions()
    assert list(read.columns) == list(frame.columns)
    assert list(read["label"]) == list(frame["label"])
    assert np.allclose(read["margin"], frame["margin"].astype(float), atol=1e-6)


def test_predictions_need_no_server_and_annotations_say_that_they_do(
    label_studio: Server, client: Client, isolated_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = [{"data": {"text": text}} for text in ("a cat", "a car", "a dog", "a pump", "a cow", "a drill")]
    proxy = Proxy(label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.key)
    with serving(proxy):
        bench = make(client, isolated_root, proxy, SEVERAL.replace(' choice="multiple"', ""), data)
        bench.sync()
        for number, task in enumerate(list(bench.desk.mirror.ids())[:4]):
            bench.desk.project.submit(task, answer(bench, ("news", "sport")[number % 2]), 1.0)
        do(bench, "round")
    assert len(bench.predictions()) == 6
    with pytest.raises(Unreachable):
        bench.export(out=tmp_path / "out.json")
    assert not list(tmp_path.glob("*out*"))


# Files ------------------------------------------------------------------------------


def test_a_file_is_replaced_only_if_wanted_and_stays_if_writing_fails(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.json"
    path.write_text("weeks of work")
    with pytest.raises(BadRequest, match="is there already"):
        bench.export(out=path)

    def breaks(*_: Any) -> Any:
        yield {"id": 1}
        raise OSError("the disk is full")

    monkeypatch.setattr(exporting, "annotated_tasks", breaks)
    with pytest.raises(OSError, match="disk is full"):
        bench.export(out=path, force=True)
    assert path.read_text() == "weeks of work"
    monkeypatch.undo()
    bench.export(out=path, force=True)
    assert len(json.loads(path.read_text())) == 5
    assert [one.name for one in tmp_path.iterdir() if "out" in one.name] == ["out.json"]
    with pytest.raises(BadRequest, match="is a folder"):
        bench.export(out=tmp_path, format="json")


def test_the_shell_writes_one_and_says_where(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(bench.root))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "annotations", "--format", "json_min", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["written"], told["rows"]) == (str(tmp_path / "annotations.json"), 5)
    rows = json.loads((tmp_path / "annotations.json").read_text())
    assert sorted(row["label"] for row in rows if row.get("label")) == ["animal", "animal", "machine", "machine"]
    assert cli.main(["export", "--out", "annotations.json"]) == 1
    assert "--force" in capsys.readouterr().err
