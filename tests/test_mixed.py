"""Three kinds in one project - a class, marked words, outlines - each with versions of its own."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import httpx
import pandas
import pytest
from projects import annotations_digest
from yolo_toys import OUTLINES

from lsal.label_studio.server import Server
from lsal.testing.materials import SIDE, square, squares
from lsal.workbench import Workbench

CONFIG = """<View>
  <Text name="text" value="$text"/><Image name="image" value="$image"/>
  <Choices name="class" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
  <Labels name="words" toName="text"><Label value="animal"/></Labels>
  <PolygonLabels name="outline" toName="image"><Label value="cat"/><Label value="dog"/></PolygonLabels>
</View>"""
MOODS = ("good", "bad")
ANIMALS = ("cat", "dog")


@pytest.fixture(scope="module")
def bench(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response], tmp_path_factory: pytest.TempPathFactory
) -> Workbench:
    folder = tmp_path_factory.mktemp("squares")
    made = client("POST", "/api/projects/", json={"title": "three kinds", "label_config": CONFIG}).json()["id"]
    tasks = [_task(folder, n, labelled=n < 24) for n in range(40)]
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.configure(batch=9, measuring_share=0.0, options={"outline": {**OUTLINES, "epochs": 10, "threshold": 0.05}})
    return bench


def _task(folder: Path, n: int, labelled: bool) -> dict[str, object]:
    mood, animal = MOODS[n % 2], ANIMALS[(n // 2) % 2]
    text = f"a {mood} {animal} 🐾 number {n}"
    picture = b64encode(squares(folder, animal, n).read_bytes()).decode()
    task = {"data": {"text": text, "image": f"data:image/png;base64,{picture}"}}
    return task | ({"annotations": [{"result": _result(n, mood, animal, text)}]} if labelled else {})


def _result(n: int, mood: str, animal: str, text: str) -> list[dict[str, object]]:
    left, top, side = (100 * each / SIDE for each in square(n))
    points = [[left, top], [left + side, top], [left + side, top + side], [left, top + side]]
    start = text.index(animal)
    said = {"start": start, "end": start + 3, "text": animal, "labels": ["animal"]}
    drawn = {"points": points, "polygonlabels": [animal]}
    size = {"original_width": SIDE, "original_height": SIDE}
    return [
        {"id": "c", "from_name": "class", "to_name": "text", "type": "choices", "value": {"choices": [mood]}},
        {"id": "w", "from_name": "words", "to_name": "text", "type": "labels", "value": said},
        {"id": "p", "from_name": "outline", "to_name": "image", "type": "polygonlabels", "value": drawn, **size},
    ]


def test_each_control_is_trained_all_answer_at_once_and_all_choose(bench: Workbench, tmp_path: Path) -> None:
    bench.sync()
    before = annotations_digest(bench)
    told = bench.round().wait(240)
    assert told["not_trained"] == {}
    assert set(told["versions"]) == {"class", "words", "outline"}
    assert sorted(one["version"] for one in told["versions"].values()) == [1, 2, 3]
    assert (told["published"], told["exact"]) == (9, True)
    assert annotations_digest(bench) == before
    assert all(f"{name}: " in told["why"] for name in ("class", "words", "outline"))

    (answer,) = bench.predict(bench.desk.config.xml, [{"id": 0, "data": _task(tmp_path, 41, False)["data"]}])
    by_control = {item["from_name"]: item["value"] for item in answer["result"]}
    assert set(by_control) == {"class", "words", "outline"}
    assert by_control["class"] == {"choices": ["bad"]}
    assert by_control["words"]["text"] == "cat"
    assert by_control["outline"]["polygonlabels"][0] in ANIMALS
    assert answer["model_version"] == "lsal-class.v1+outline.v2+words.v3"


def test_the_queue_carries_what_each_of_them_says(bench: Workbench) -> None:
    shown = bench.desk.project.connection.get("/api/tasks", project=bench.home.project, fields="all", page_size=100)
    guesses = [task["predictions"][-1]["result"] for task in shown["tasks"] if task["predictions"]]
    assert len(guesses) == 9
    assert all({"class", "words"} <= {item["from_name"] for item in one} for one in guesses)


def test_marked_words_are_exported_with_their_places(bench: Workbench, tmp_path: Path) -> None:
    bench.export("predictions", out=tmp_path / "told.json")
    for task in json.loads((tmp_path / "told.json").read_text()):
        (one,) = task["predictions"]
        for item in (item for item in one["result"] if item["from_name"] == "words"):
            start, end = item["value"]["start"], item["value"]["end"]
            assert item["value"]["text"] == task["data"]["text"][start:end]
    told = bench.predictions()
    marked = told[told.control == "words"].label.explode().dropna()
    assert set(pandas.json_normalize(list(marked)).text) <= set(ANIMALS)
    people = bench.annotations()
    first = people[people.skipped == False].iloc[0]  # noqa: E712
    assert first["words"] == first["words_agreed"]
    (span,) = first["words"]
    assert first["text"][span["start"] : span["end"]] == span["text"]


def test_weights_say_who_chooses(bench: Workbench) -> None:
    bench.configure(rank_by={"words": 1})
    assert "outline: " not in bench.rank().wait(240)["why"]
    bench.configure(rank_by={"words": 2, "class": 1})
    why = bench.rank().wait(240)["why"]
    assert "words: " in why
    assert "class: " in why
