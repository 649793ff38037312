"""The label config of a real project changes under lsal: what still answers, what is learned, what is told."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk.label_interface import LabelInterface
from projects import annotations_digest
from switches import do

from lsal import publishing
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

SOUNDS = {"cat": "meow purr", "dog": "woof bark", "cow": "moo graze"}
Client = Callable[..., Any]


def config(labels: Sequence[str] = ("cat", "dog"), name: str = "pet", more: str = "", beside: str = "") -> str:
    choices = "".join(f'<Choice value="{label}"/>' for label in labels)
    asked = f'<Choices name="{name}" toName="t"{more}>{choices}</Choices>'
    return f'<View><Text name="t" value="$text"/>{asked}{beside}</View>'


TOPICS = '<Choices name="topics" toName="t" choice="multiple"><Choice value="food"/><Choice value="play"/></Choices>'


@pytest.fixture
def bench(label_studio: Server, root: Path) -> Workbench:
    return made_by_hand(label_studio, root, config())


def made_by_hand(label_studio: Server, root: Path, xml: str) -> Workbench:
    """Some texts about animals in a project that a person made, attached, all of it synced."""
    owner = Connection(label_studio.url, label_studio.key)
    project = Project.create(owner, "Animals", xml)
    project.add_tasks([{"text": f"{SOUNDS[pet]} {n}"} for n in range(30) for pet in SOUNDS])
    bench = Workbench(root).attach(label_studio.url, project.number)
    bench.configure(batch=8, measuring_share=0.3, refill_below=0.0)
    bench.sync()
    return bench


def region(label: str, name: str = "pet") -> dict[str, Any]:
    return {"from_name": name, "to_name": "t", "type": "choices", "value": {"choices": [label]}}


def label_batch(bench: Workbench, *names: str, control: str = "pet") -> dict[int, str]:
    """Label the eight tasks that are published with these names in turn; what was said of each."""
    said = {task: names[place % len(names)] for place, task in enumerate(bench.verify().open)}
    assert len(said) == 8
    for task, name in said.items():
        bench.desk.project.submit(task, [region(name, control)], 1.0)
    return said


def with_version(bench: Workbench) -> dict[int, str]:
    """A first version that knows cats and dogs, its queue published; what it was told."""
    do(bench, "rank")
    said = label_batch(bench, "cat", "dog")
    assert do(bench, "round")["versions"]["pet"]["promoted"]
    return said


def change(bench: Workbench, xml: str) -> None:
    """What the API takes: the interface's own check is stricter."""
    bench.desk.project.change(label_config=xml)


def answers(bench: Workbench, xml: str) -> list[dict[str, Any]]:
    """What Label Studio is told under this config; all of it valid there."""
    tasks = [{"id": task.id, "data": task.data} for task in bench.desk.mirror.tasks()]
    told = Workbench.of(bench.home).predict(xml, tasks)
    checked = LabelInterface(xml)
    for one in told:
        assert not checked.validate_prediction({"result": one["result"]}, return_errors=True)
    return told


def now(bench: Workbench) -> str:
    """The server's clock, as it writes stamps."""
    bench.desk.project.read()
    clock = datetime.fromtimestamp(bench.desk.project.connection.server_time, UTC)
    return clock.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def warned(bench: Workbench) -> str:
    bench.sync()
    return " ".join(bench.status().warnings)


# --- labels -------------------------------------------------------------------------


def test_after_a_class_was_added_the_version_goes_on_answering_and_the_next_knows_it(
    bench: Workbench, client: Client
) -> None:
    with_version(bench)
    more = config(("cow", "cat", "dog"))
    checked = client("POST", f"/api/projects/{bench.home.project}/validate", json={"label_config": more})
    assert checked.status_code == 200, "the interface takes it too"
    before = [one["result"] for one in answers(bench, config())]
    change(bench, more)
    assert [one["result"] for one in answers(bench, more)] == before
    assert any(before)
    assert "changed since version 1 was trained: cow came; it goes on answering without. Go on: lsal round" in warned(
        bench
    )
    told = do(bench, "rank")
    assert told["exact"]
    ranked = publishing.live_ranking(bench.home)
    assert ranked
    assert dict(ranked.versions) == {"pet": 1}
    label_batch(bench, "cow", "cat", "dog")
    lesson = do(bench, "round")["versions"]["pet"]
    assert "tasks (p =" in lesson["reason"], "the gate compares with what goes on answering"
    assert bench.versions()[1].labels == ("cow", "cat", "dog")
    assert bench.versions()[1].examples["by_label"]["cow"] > 0
    assert "came" not in warned(bench)
    points = bench.curve()
    assert [point.line for point in points] == ["pet", "pet"], "the first one can still answer, so both are compared"
    assert points[0].tasks == points[1].tasks
    first = bench.compare(1, 2).first
    assert (points[0].value, points[0].tasks) == (first.value, bench.compare(1, 2).tasks)


def test_reordering_the_classes_changes_nothing_that_is_said(bench: Workbench) -> None:
    with_version(bench)
    before, other = [one["result"] for one in answers(bench, config())], config(("dog", "cat"))
    change(bench, other)
    assert [one["result"] for one in answers(bench, other)] == before
    assert "changed since" not in warned(bench)
    assert [point.line for point in bench.curve()] == ["pet"]


def test_a_class_that_went_is_never_answered_and_its_labels_are_counted_not_dropped_in_silence(
    bench: Workbench, client: Client
) -> None:
    told = with_version(bench)
    digests, less = annotations_digest(bench), config(("cat", "cow"))
    checked = client("POST", f"/api/projects/{bench.home.project}/validate", json={"label_config": less})
    assert checked.status_code == 400, "the interface refuses while labels are in use, the API does not"
    change(bench, less)
    assert answers(bench, less) == []
    said, dogs = warned(bench), 4
    assert "changed since version 1 was trained: dog went, cow came; it answers no more. Go on: lsal round" in said
    assert f"{dogs} answers to 'pet' are left out, the label config no longer has 'dog' ({dogs})" in said
    lesson = do(bench, "round")["versions"]["pet"]
    assert (lesson["promoted"], "the label config, or what" in lesson["reason"]) == (True, True)
    assert lesson["labels"] == 8 - dogs
    assert lesson["left_out"] == sum(label == "dog" for label in told.values()) == dogs, "measuring tasks too"
    assert bench.verify().exact
    assert all(one["result"][0]["value"]["choices"] != ["dog"] for one in answers(bench, less) if one["result"])
    assert annotations_digest(bench) == digests
    assert f"{dogs} answers" in warned(bench), "as long as they are left out"


def test_after_a_class_was_renamed_old_and_new_versions_are_on_lines_of_their_own(bench: Workbench) -> None:
    with_version(bench)
    label_batch(bench, "cat", "dog")
    do(bench, "round")
    old = {point.version: (point.value, point.tasks, point.line) for point in bench.curve()}
    assert old[1][1] == old[2][1] > 0
    renamed = config(("kitten", "puppy"))
    change(bench, renamed)
    assert answers(bench, renamed) == []
    first = do(bench, "round")
    assert "label" in first["not_trained"]["pet"], "no answer in the new words yet"
    assert (first["published"], first["exact"]) == (8, True)
    label_batch(bench, "kitten", "puppy")
    do(bench, "round")
    points = bench.curve()
    assert [point.line for point in points] == ["pet until version 2", "pet until version 2", "pet"]
    now = {point.version: (point.value, point.tasks) for point in points}
    assert {n: now[n] for n in (1, 2)} == {n: old[n][:2] for n in (1, 2)}, "measured in the words of their time"
    assert bench.plot().axes[0].get_legend_handles_labels()[1][0].startswith("pet until version 2: ")
    words = {name for one in answers(bench, renamed) for r in one["result"] for name in r["value"]["choices"]}
    assert words <= {"kitten", "puppy"}
    change(bench, config())  # and back: the old versions fit again
    assert "it answers no more" in warned(bench)
    assert do(bench, "promote", number=2)["exact"]
    assert [point.line for point in bench.curve()] == ["pet", "pet", "pet until version 3"]
    assert any(one["result"] for one in answers(bench, config()))


def test_a_single_choice_that_became_multiple_starts_afresh_and_old_labels_still_count(bench: Workbench) -> None:
    with_version(bench)
    several = config(more=' choice="multiple"')
    bench.desk.project.submit(next(bench.desk.mirror.tasks(state=0)).id, [], 1.0)  # nothing chosen, nothing said
    change(bench, several)
    assert answers(bench, several) == []
    said = warned(bench)
    assert "it was Choices on Text and is Choices on Text, several; it answers no more" in said
    lesson = do(bench, "round")["versions"]["pet"]
    assert lesson["labels"] == 8, "who chose nothing then did not mean: none of them"
    told = answers(bench, several)
    assert any(one["result"] for one in told)
    assert bench.desk.store.current() == {"pet": 2}
    assert [point.line for point in bench.curve()] == ["pet until version 1", "pet"]


# --- controls -----------------------------------------------------------------------


def test_a_control_that_was_added_learns_nothing_from_answers_that_came_before_it(bench: Workbench) -> None:
    """An answer without a word about a multiple choice means "none of them", if the choice was there."""
    with_version(bench)
    both = config(beside=TOPICS)
    change(bench, both)
    assert any(one["result"] for one in answers(bench, both)), "the other control goes on"
    told = do(bench, "round")
    assert set(told["versions"]) == {"pet"}
    assert "topics" in told["not_trained"]
    seen_at = next(stamp for name, stamp in bench.desk.mirror.fact("since").items() if name.startswith("topics"))
    while now(bench) <= seen_at:  # within the second in which it was first seen, no word is no answer
        pass
    opened = bench.verify().open
    for number, task in enumerate(opened):
        said = [region("food", "topics")] if number % 2 else []
        bench.desk.project.submit(task, [region("cat"), *said], 1.0)
    told = do(bench, "round")
    assert set(told["versions"]) == {"pet", "topics"}
    assert told["versions"]["topics"]["labels"] == len(opened) == 8
    assert told["versions"]["pet"]["labels"] == 16
    assert {point.line for point in bench.curve()} == {"pet", "topics"}
    assert told["exact"]
    answers(bench, both)


def test_a_control_that_was_removed_stops_answering_and_the_others_go_on(label_studio: Server, root: Path) -> None:
    bench = made_by_hand(label_studio, root, config(beside=TOPICS))
    with_version(bench)
    assert set(bench.desk.store.current()) == {"pet", "topics"}
    change(bench, config())  # nobody ever chose a topic: else Label Studio would refuse
    assert all({r["from_name"] for r in one["result"]} <= {"pet"} for one in answers(bench, config()))
    assert "of 'topics' answers no more: the label config has it no longer" in warned(bench)
    label_batch(bench, "cat", "dog")
    told = do(bench, "round")
    assert (set(told["versions"]), told["exact"]) == ({"pet"}, True)
    assert "ranked by other versions" not in warned(bench)
    assert {point.control for point in bench.curve()} == {"pet", "topics"}


def test_a_control_can_be_renamed_only_before_the_first_label(bench: Workbench, client: Client) -> None:
    do(bench, "rank")
    change(bench, config(name="animal"))
    do(bench, "rank")
    label_batch(bench, "cat", "dog", control="animal")
    assert set(do(bench, "round")["versions"]) == {"animal"}
    answer = client("PATCH", f"/api/projects/{bench.home.project}/", json={"label_config": config(name="pet")})
    assert answer.status_code == 400
    assert "incompatible" in answer.text
    assert any(one["result"] for one in answers(bench, config(name="animal")))


# --- while a round runs -------------------------------------------------------------


def test_a_change_between_the_guesses_and_the_import_never_leaves_words_that_are_gone(
    bench: Workbench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version was trained on cats and dogs; dogs go before its queue is published."""
    from lsal.worker import acts

    do(bench, "rank")
    label_batch(bench, "cat", "dog")
    real = acts.renew

    def first_a_change(*args: Any, **named: Any) -> Any:
        change(bench, config(("cat", "cow")))
        return real(*args, **named)

    monkeypatch.setattr(acts, "renew", first_a_change)
    told = do(bench, "round")
    assert told["exact"], told["faults"]
    ranked = publishing.live_ranking(bench.home)
    assert ranked
    for entry in ranked.entries:
        for prediction in client("GET", "/api/predictions", params={"task": entry.task_id}).json():
            assert "dog" not in str(prediction["result"]) or prediction["model_version"] != told["publication"]
    assert answers(bench, config(("cat", "cow"))) == []
    assert "dog went" in warned(bench)
    monkeypatch.setattr(acts, "renew", real)
    assert do(bench, "round")["versions"]["pet"]["promoted"]
    assert any(one["result"] for one in answers(bench, config(("cat", "cow"))))
