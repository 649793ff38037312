"""Taxonomies, classes of dialogues, and what is left to people, on a real Label Studio."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from lsal.dashboard.html import to_text
from lsal.errors import BadRequest
from lsal.label_studio import tally
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

CONFIG = """<View>
  <Paragraphs name="talk" value="$talk" layout="dialogue" nameKey="who" textKey="said"/>
  <Choices name="mood" toName="talk"><Choice value="calm"/><Choice value="angry"/></Choices>
  <Taxonomy name="topic" toName="talk" leafsOnly="true">
    <Choice value="product"><Choice value="price"/><Choice value="size" alias="s"/></Choice>
    <Choice value="service"><Choice value="price"/></Choice>
  </Taxonomy>
  <TextArea name="why" toName="talk"/><Rating name="stars" toName="talk"/><Number name="count" toName="talk"/>
  <Text name="other" value="$note"/><Pairwise name="better" toName="talk,other"/>
</View>"""
SAID = {"calm": "thank you kindly", "angry": "this is outrageous"}
TOPICS = {
    ("product", "price"): "the gadget is expensive",
    ("product", "s"): "the gadget is huge",
    ("service", "price"): "the repair is expensive",
}


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, client: Callable[..., httpx.Response]) -> Workbench:
    made = client("POST", "/api/projects/", json={"title": "dialogues", "label_config": CONFIG}).json()["id"]
    tasks = []
    for n in range(36):
        mood, path = list(SAID)[n % 2], list(TOPICS)[n % 3]
        talk = [{"who": "Ann", "said": TOPICS[path]}, {"who": "Bob", "said": f"{SAID[mood]}, number {n}"}]
        common = {"to_name": "talk", "id": f"r{n}"}
        result = [
            {**common, "from_name": "mood", "type": "choices", "value": {"choices": [mood]}},
            {**common, "from_name": "topic", "type": "taxonomy", "value": {"taxonomy": [list(path)]}, "id": f"t{n}"},
        ]
        task = {"data": {"shop": "North", "boxes": [[5.0, 7.33]], "talk": talk, "note": "-"}}
        tasks.append(task | ({"annotations": [{"result": result}]} if n < 24 else {}))
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.configure(batch=6, measuring_share=0.0)
    bench.round().wait(240)
    return bench


def test_dialogues_and_taxonomies_are_learned_and_the_rest_is_named(bench: Workbench) -> None:
    seen = bench.status()
    assert list(seen.controls) == ["mood", "topic"]
    assert set(seen.left_to_people) == {"why", "stars", "count", "better"}
    for name, tag in (("why", "TextArea"), ("stars", "Rating"), ("count", "Number"), ("better", "Pairwise")):
        assert tag in seen.left_to_people[name]
    assert bench.desk.handled["topic"][0].labels == ("product / price", "product / s", "service / price")


def test_a_path_is_predicted_as_label_studio_writes_it(bench: Workbench) -> None:
    talk = [{"who": "Ann", "said": "the gadget is huge"}, {"who": "Bob", "said": "this is outrageous"}]
    (told,) = bench.predict(bench.desk.config.xml, [{"id": 0, "data": {"talk": talk, "note": "-"}}])
    values = {item["from_name"]: item["value"] for item in told["result"]}
    assert values["mood"] == {"choices": ["angry"]}
    assert values["topic"] == {"taxonomy": [["product", "s"]]}


def test_paths_are_counted_as_labels(bench: Workbench) -> None:
    counted = {"product / price": 8, "product / s": 8, "service / price": 8}
    assert tally.by_label(bench.desk.mirror)["topic"] == counted


def test_both_controls_choose_and_pre_annotate_the_batch_as_weighed(bench: Workbench) -> None:
    assert bench.rank().wait(240)["why"].startswith("mood: ")
    shown = bench.desk.project.connection.get("/api/tasks", project=bench.home.project, fields="all", page_size=100)[
        "tasks"
    ]
    guesses = [task["predictions"][-1]["result"] for task in shown if task["predictions"]]
    assert {frozenset(item["from_name"] for item in one) for one in guesses} == {frozenset(("mood", "topic"))}
    bench.configure(rank_by={"topic": 2})
    assert "mood: " not in bench.rank().wait(240)["why"]


@pytest.mark.parametrize("weights", [{"gone": 1}, {"mood": -1}, {"mood": 0}, {"mood": True}, {"mood": "1"}, 3])
def test_weights_that_choose_nothing_are_refused(bench: Workbench, weights: object) -> None:
    with pytest.raises(BadRequest, match="rank_by"):
        bench.configure(rank_by=weights)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"family": {"mood": "crf_tokens"}}, "'crf_tokens' does not learn 'mood', Choices on Paragraphs"),
        ({"family": {"mood": "layoutlmv3"}}, "'layoutlmv3' does not learn 'mood'"),
        ({"options": {"mod": {"strength": 2}}}, "options names the control 'mod', which is not there"),
        ({"family": {"mod": "random"}}, "family names the control 'mod', which is not there"),
        ({"options": {"mood": {"model": "nobody/has-this"}}}, "There is no encoder 'nobody/has-this' here"),
        (
            {"options": {"mood": {"model": "/no/such/folder"}}, "family": {"mood": "transformers_text"}},
            "There is no net",
        ),
    ],
)
def test_what_no_round_could_use_is_refused_when_it_is_set(
    bench: Workbench, changes: dict[str, object], said: str
) -> None:
    before = bench.configure()
    with pytest.raises(BadRequest, match=re.escape(said)):
        bench.configure(**changes)
    assert bench.configure() == before


def test_the_status_tells_what_the_last_round_did_not_train(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response]
) -> None:
    made = client("POST", "/api/projects/", json={"title": "half", "label_config": CONFIG}).json()["id"]
    item = {"id": "a", "from_name": "topic", "to_name": "talk", "type": "taxonomy"}
    answers = [[["product", "price"]], [["gone"]], [["gone"]]]
    tasks = [
        {
            "data": {"talk": [{"who": "Ann", "said": f"hello {n}"}], "note": "-"},
            "annotations": [{"result": [{**item, "value": {"taxonomy": paths}}]}],
        }
        for n, paths in enumerate(answers)
    ]
    open_task = {"data": {"talk": [{"who": "Ann", "said": "hello"}], "note": "-"}}
    client("POST", f"/api/projects/{made}/import", json=[*tasks, open_task]).raise_for_status()
    half = Workbench(root).attach(label_studio.url, made)
    half.configure(measuring_share=0.0)
    told = half.round().wait(240)
    (warned,) = [one for one in half.status().warnings if "did not train 'mood'" in one]
    assert told["not_trained"]["mood"] in warned
    trained = told["versions"]["topic"]
    assert trained["left_out"] == 2
    assert "'gone'" in trained["first_left_out"]


def test_the_queue_shows_what_people_see_of_a_task(bench: Workbench) -> None:
    waiting = bench.queue()
    assert waiting
    for row in waiting:
        talk = [f"{turn['who']}: {turn['said']}" for turn in row.data["talk"]]
        assert row.shown == ("\n".join(talk),)
        assert f"  {' '.join(talk)[:47]}" in to_text([row])
