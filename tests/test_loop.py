"""The three flows on a real Label Studio: re-rank, retrain, predict; and who may label."""

from pathlib import Path

import pytest
from PIL import Image
from projects import annotations_digest, demo_of_texts, write_texts

from lsal import publishing
from lsal.errors import BadRequest, NotADemo
from lsal.label_studio.server import Server
from lsal.workbench import Workbench
from lsal.workbench.demo import held_out


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A demo after a start batch and two rounds.

    With so many tasks the tenth that chance lays aside for measuring is enough for three batches.
    """
    made = demo_of_texts(root, tmp_path_factory.mktemp("loop"), count=300, batch=20)
    made.rank().wait(240)
    for _ in range(2):
        made.label()
        made.round().wait(240)
    return made


def test_a_round_trains_measures_promotes_and_publishes(bench: Workbench) -> None:
    first, second = bench.curve()
    assert (first.labels, second.labels) == (20, 40)
    assert second.live or not second.promoted
    assert first.tasks == second.tasks == 4  # a tenth of forty labels, both versions on the same ones
    assert "never trained on" in second.measured_on
    assert "biased" in bench.versions()[1].metrics["cross_validation"]["measured_on"]
    assert bench.verify().exact


def test_weights_change_and_the_model_learns(bench: Workbench) -> None:
    one, two = bench.versions()
    assert one.files["head.npz"] != two.files["head.npz"]
    tested = held_out(bench, two.number)
    assert (tested.metric, tested.tasks) == ("accuracy", 60)
    assert tested.interval[0] > tested.commonest


def test_measuring_tasks_are_never_trained_on(bench: Workbench) -> None:
    share = bench.home.settings().measuring_share
    reserved = {task.id for task in bench.desk.mirror.tasks() if task.place < share}
    for version in bench.versions():
        assert not reserved & set(version.examples["ids"])
        assert version.examples["measuring"] > 0


def test_measuring_tasks_are_published_without_a_pre_annotation(bench: Workbench, client) -> None:
    publication = publishing.live_publication(bench.home)
    assert len(publication.measuring) == 2
    for number in publication.task_ids:
        told = client("GET", f"/api/tasks/{number}").json()["predictions"]
        [mine] = [p for p in told if p["model_version"] == publication.name]
        assert bool(mine["result"]) == (number not in publication.measuring)


def test_a_version_records_what_it_was_made_of(bench: Workbench) -> None:
    version = bench.versions()[1]
    assert version.parent == 1
    assert version.family == "sklearn_text"
    assert len(version.examples["ids"]) == version.examples["count"] == 36
    assert sum(version.examples["by_label"].values()) == 36
    assert len(version.examples["digest"]) == 24
    assert version.seconds["train"] > 0
    assert version.files
    assert version.job == bench.rounds()[1].job


def test_the_live_version_answers_and_never_under_the_publications_name(bench: Workbench) -> None:
    share = bench.home.settings().measuring_share
    shown = {t.id: t.place >= share for t in bench.desk.mirror.tasks()}
    tasks = [{"id": t.id, "data": t.data} for t in bench.desk.mirror.tasks()]
    told = bench.predict(bench.desk.config.xml, tasks)
    assert len(told) == len(tasks)
    assert {row["model_version"] for row in told} == {"lsal-label.v2"}
    assert [bool(row["result"]) for row in told] == [shown[task["id"]] for task in tasks]
    assert sum(shown.values()) > 100


def test_ranking_again_changes_the_order_and_no_annotation(bench: Workbench) -> None:
    before, publication = annotations_digest(bench), publishing.live_publication(bench.home)
    told = bench.rank(strategy="random").wait(240)
    after = publishing.live_publication(bench.home)
    assert told["exact"]
    assert after.name != publication.name
    assert after.task_ids != publication.task_ids
    assert annotations_digest(bench) == before


def test_an_unknown_strategy_or_setting_names_the_choices(bench: Workbench) -> None:
    with pytest.raises(BadRequest, match="margin_kmeans"):
        bench.configure(strategy="best")
    with pytest.raises(BadRequest, match="batch"):
        bench.configure(bathc=3)


def test_when_everything_is_labelled_the_round_says_so(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, count=14, batch=20, hold_out=0.0)
    bench.rank().wait(240)
    assert bench.label().served == 14
    told = bench.round().wait(240)
    assert told["published"] == 0
    assert "labelled" in told["why"]
    assert bench.desk.store.current() == {"label": 1}


def test_the_simulated_annotator_refuses_what_people_own(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = Workbench(root).new(str(write_texts(tmp_path / "texts.csv", 20)))
    with pytest.raises(NotADemo, match="not made by lsal as a demo"):
        bench.label(1)
    other = Workbench(root).new(str(write_texts(tmp_path / "more.csv", 20)), demo=True)
    other.desk.project.change(description="now it is ours")
    with pytest.raises(NotADemo):
        other.label(1)


def test_attaching_a_project_made_by_hand_finds_its_labels(
    label_studio: Server, root: Path, client, tmp_path: Path
) -> None:
    config = (
        '<View><Text name="t" value="$text"/><Choices name="mood" toName="t">'
        '<Choice value="good"/><Choice value="bad"/></Choices><TextArea name="why" toName="t"/></View>'
    )
    made = client("POST", "/api/projects/", json={"title": "by hand", "label_config": config}).json()["id"]
    row = {"from_name": "mood", "to_name": "t", "type": "choices"}
    tasks = [
        {"data": {"text": f"{word} {n}"}, "annotations": [{"result": [{**row, "value": {"choices": [label]}}]}]}
        for n in range(10)
        for word, label in (("fine", "good"), ("awful", "bad"))
    ]
    client("POST", f"/api/projects/{made}/import", json=[*tasks, {"data": {"text": "fine again"}}]).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.sync()
    seen = bench.status()
    assert (seen.tasks, seen.labelled) == (21, 20)
    assert list(seen.controls) == ["mood"]
    assert "TextArea" in seen.left_to_people["why"]
    told = bench.round().wait(240)
    assert told["versions"]["mood"]["version"] == 1
    assert told["published"] == 1


TWO = (
    '<View><Text name="t" value="$text"/><Choices name="../mood" toName="t"><Choice value="good"/><Choice value="bad"/>'
    '</Choices><Choices name="topics" toName="t" choice="multiple"><Choice value="food"/><Choice value="staff"/>'
    "</Choices></View>"
)


def test_two_controls_each_have_their_own_versions_and_one_without_labels_stops_nothing(
    label_studio: Server, root: Path, client, tmp_path: Path
) -> None:
    made = client("POST", "/api/projects/", json={"title": "two controls", "label_config": TWO}).json()["id"]
    tasks = [{"data": {"text": f"{word} {n}"}} for n in range(20) for word in ("fine food", "awful staff")]
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.configure(batch=8, measuring_share=0.0)
    first = bench.round().wait(240)  # nothing is labelled: the start batch, and why nobody learned
    assert (first["published"], first["versions"]) == (8, {})
    assert set(first["not_trained"]) == {"../mood", "topics"}
    for number in publishing.live_publication(bench.home).task_ids:
        text = next(iter(bench.desk.mirror.tasks(ids=[number]))).data["text"]
        choice = {"choices": ["good" if text.startswith("fine") else "bad"]}
        region = {"from_name": "../mood", "to_name": "t", "type": "choices", "value": choice}
        bench.desk.project.submit(number, [region], 1.0)
    second = bench.round().wait(240)
    assert set(second["versions"]) == {"../mood", "topics"}  # no topic is an answer too: none of them
    assert second["exact"]
    assert not (root.parent / "mood").exists()
    told = bench.predict(bench.desk.config.xml, [{"id": 0, "data": {"text": "fine food"}}])
    assert told[0]["result"][0]["value"]["choices"] == ["good"]


def _break(bench: Workbench, files: list[Path]) -> None:
    """Damage files that were fine when the project was made: where Label Studio serves them."""
    cut, text, empty = (next((bench.root / "files" / bench.home.slug).glob(f"*-{path.name}")) for path in files)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    text.write_text("no image")
    empty.write_bytes(b"")


def test_what_cannot_be_read_is_named_and_never_heads_the_queue(
    label_studio: Server, root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shapes"
    for n in range(24):
        place = folder / ("dark" if n % 2 else "light")
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (32, 32), 20 + n if n % 2 else 200 + n).save(place / f"{n}.png")
    damaged = [folder / name for name in ("dark/cut.jpg", "dark/text.png", "light/empty.png")]
    for path in damaged:
        Image.effect_noise((64, 64), 90).convert("RGB").save(path)
    bench = Workbench(root).new(str(folder), demo=True, hold_out=0.0)
    _break(bench, damaged)
    bench.configure(batch=8, measuring_share=0.0, refill_below=0.0, strategy="margin")
    bench.sync()
    bad = {t.id for t in bench.desk.mirror.tasks() if any(n in t.data["image"] for n in ("cut", "text", "empty"))}
    assert len(bad) == 3
    assert len(bench.rank().wait(240)["problems"]) >= 2
    bench.label()
    told = bench.round().wait(240)
    assert {int(task) for task in told["problems"]} | set(_labelled(bench)) >= bad
    assert not bad & set(publishing.live_publication(bench.home).task_ids)
    assert "cannot be read" in " ".join(bench.status().warnings)


def _labelled(bench: Workbench) -> list[int]:
    return [task.id for task in bench.desk.mirror.labelled()]
