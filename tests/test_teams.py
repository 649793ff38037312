"""Several people at once on a real Label Studio: who gets what, what counts, and what is left of it."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people import add_annotator
from projects import annotations_digest, answer, demo_of_texts
from switches import do

from lsal import publishing
from lsal.backend.refill import refill
from lsal.label_studio.connection import Connection
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

MODES = ("REQUEUE_FOR_OTHERS", "REQUEUE_FOR_ME", "IGNORE_SKIPPED")


@pytest.fixture(scope="module")
def keys(label_studio: Server) -> list[str]:
    """The keys of three people, the owner among them."""
    stem = time.time_ns()
    return [label_studio.key, *(add_annotator(label_studio, f"t{n}-{stem}@x.local") for n in range(2))]


@pytest.fixture
def bench(label_studio: Server, root: Path, tmp_path: Path) -> Workbench:
    """A demo of 20 texts, of which the first six are published."""
    made = demo_of_texts(root, tmp_path, count=25)
    do(made, "rank")
    return made


def persons(bench: Workbench, keys: list[str]) -> list[Project]:
    return [Project(Connection(bench.desk.url, key), bench.home.project) for key in keys]


def batch(bench: Workbench) -> tuple[int, ...]:
    published = publishing.live_publication(bench.home)
    assert published
    return published.task_ids


def says(bench: Workbench, person: Project, task: int, label: str = "animal") -> int:
    return person.submit(task, answer(bench, label), 1.0)


# --- who gets what ------------------------------------------------------------------


class Sitting:
    """Three people who label as fast as they can, each in a thread, until every task is done.

    A third of it before the first switch of the queue is done, another third before the second:
    however fast they are, they do not come to the end before that.
    """

    def __init__(self, bench: Workbench, keys: list[str], wanted: int) -> None:
        self.given: list[tuple[int, int]] = []
        self.faults: list[BaseException] = []
        self.switches = 0
        self._bench, self._wanted, self._until = bench, wanted, time.monotonic() + 300
        people = enumerate(persons(bench, keys))
        self._threads = [threading.Thread(target=self._sit, args=one) for one in people]
        for thread in self._threads:
            thread.start()

    @property
    def goes_on(self) -> bool:
        return len(self.given) < self._wanted and not self.faults and time.monotonic() < self._until

    def end(self) -> None:
        for thread in self._threads:
            thread.join(120)
        assert not self.faults, self.faults

    def _sit(self, seat: int, person: Project) -> None:
        try:
            while self.goes_on:
                ahead = 3 * len(self.given) >= (self.switches + 1) * self._wanted
                task = None if ahead else person.next_task()
                if task is None:  # what is left is in the hands of the others, or was mine before
                    time.sleep(0.02)
                    continue
                self.given.append((seat, task["id"]))
                says(self._bench, person, task["id"])
        except BaseException as fault:
            self.faults.append(fault)


@pytest.mark.parametrize("overlap", [1, 2])
def test_pain_17_no_task_is_given_to_more_people_than_asked(bench: Workbench, keys: list[str], overlap: int) -> None:
    """Also while the queue is switched under them, again and again."""
    bench.desk.project.change(maximum_annotations=overlap)
    tasks = list(bench.desk.mirror.ids())
    sitting = Sitting(bench, keys, wanted=overlap * len(tasks))
    while sitting.goes_on:
        sitting.switches += bool(do(bench, "rank", strategy="random")["published"])
    sitting.end()
    assert sitting.switches >= 2
    assert Counter(task for _, task in sitting.given) == dict.fromkeys(tasks, overlap)
    assert len(set(sitting.given)) == len(sitting.given), "a person got a task twice"
    bench.sync()
    team = bench.status().team
    assert (sum(team.labelled.values()), len(team.labelled), team.beyond) == (overlap * len(tasks), 3, 0)


def test_with_overlap_a_begun_task_goes_to_the_next_person_without_being_ranked_again(
    bench: Workbench, keys: list[str]
) -> None:
    bench.desk.project.change(maximum_annotations=2)
    ann, bob, _ = persons(bench, keys)
    first = ann.next_task()
    assert first
    assert first["id"] == batch(bench)[0]
    says(bench, ann, first["id"])
    do(bench, "rank")
    assert first["id"] not in batch(bench), "it has an answer: the next batch is of those without"
    checked = bench.verify()
    assert (checked.exact, checked.compared, checked.open) == (True, "membership", batch(bench))
    second = bob.next_task()
    assert second
    assert second["id"] == first["id"], "Label Studio serves what is begun first, with a prediction or without"
    says(bench, bob, second["id"], "machine")
    served = [person.next_task() for person in (ann, bob)]
    assert [task["id"] for task in served if task] == [batch(bench)[0]] * 2


def test_who_left_a_task_open_gets_it_first_and_the_others_the_new_order(bench: Workbench, keys: list[str]) -> None:
    ann, bob, _ = persons(bench, keys)
    held = ann.next_task()
    assert held
    do(bench, "rank", strategy="random")
    checked = bench.verify()
    assert (checked.exact, checked.compared) == (True, "order")
    again, others = ann.next_task(), bob.next_task()
    assert again
    assert others
    assert again["id"] == held["id"]
    assert others["id"] == next(task for task in batch(bench) if task != held["id"])


# --- skips, drafts ------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_skip_is_no_label_and_never_heads_the_queue_again(bench: Workbench, keys: list[str], mode: str) -> None:
    bench.desk.project.change(skip_queue=mode)
    ann, bob, _ = persons(bench, keys)
    skipped, *rest = batch(bench)
    ann.submit(skipped, [], 1.0, skipped=True)
    assert bench.verify().exact
    assert bench.verify().open == tuple(rest)
    served = bob.next_task()
    assert served
    assert served["id"] == (skipped if mode == "REQUEUE_FOR_OTHERS" else rest[0])
    for task in rest[:4]:
        says(bench, ann, task)
    told = do(bench, "round")
    assert told["versions"]["label"]["labels"] == 4
    assert bench.desk.mirror.count(SKIPPED) == 1
    assert skipped not in batch(bench)
    assert (told["exact"], bench.status().skipped) == (True, 1)


@pytest.mark.parametrize("mode", MODES)
def test_only_skipped_tasks_left_is_the_end_and_no_endless_refill(
    bench: Workbench, keys: list[str], client: Callable[..., Any], mode: str
) -> None:
    bench.desk.project.change(skip_queue=mode)
    bench.configure(refill_below=0.5)
    ann, bob, _ = persons(bench, keys)
    for task in list(bench.desk.mirror.ids())[6:]:
        client("DELETE", f"/api/tasks/{task}/").raise_for_status()
    do(bench, "rank")
    for number, task in enumerate(batch(bench)):
        if number % 2:
            ann.submit(task, [], 1.0, skipped=True)
        else:
            says(bench, ann, task)
    assert bench.verify().open == ()
    assert refill(bench.desk) is None
    told = do(bench, "rank")
    assert (told["publication"], told["why"]) == (None, "every task is labelled or skipped")
    says(bench, bob, batch(bench)[1])  # one that was skipped: now it is labelled
    bench.sync()
    assert (bench.desk.mirror.count(LABELLED), bench.desk.mirror.count(SKIPPED)) == (4, 2)


def test_a_draft_is_no_label_and_its_task_stays_open(bench: Workbench, client: Callable[..., Any]) -> None:
    task = batch(bench)[0]
    draft = {"result": answer(bench, "animal"), "lead_time": 1.0}
    client("POST", f"/api/tasks/{task}/drafts", params={"project": bench.home.project}, json=draft).raise_for_status()
    do(bench, "rank")
    assert bench.desk.mirror.count(OPEN) == bench.desk.mirror.count()
    assert task in bench.verify().open
    told = do(bench, "round")
    assert "Nothing is labelled yet" in told["not_trained"]["label"]


# --- what counts --------------------------------------------------------------------


def test_the_majority_counts_else_the_latest_and_the_version_says_which(bench: Workbench, keys: list[str]) -> None:
    bench.desk.project.change(maximum_annotations=3)
    bench.configure(measuring_share=0.0)
    one, two, three, four, *_ = batch(bench)
    answers = {
        one: ("animal", "animal", "machine"),
        two: ("animal", "machine"),
        three: ("machine",),
        four: ("animal",) * 3,
    }
    for task, given in answers.items():
        for person, label in zip(persons(bench, keys), given, strict=False):
            says(bench, person, task, label)
    bench.sync()
    tasks = [task for task in bench.desk.mirror.labelled()]
    found = {e.task_id: (e.target.names[0], e.how) for e in bench.desk.labelled("label", tasks) if e.target}
    assert found == {
        one: ("animal", "majority, 2 of 3"),
        two: ("machine", "latest of 2, no majority"),
        three: ("machine", "one answer"),
        four: ("animal", "majority, 3 of 3"),
    }
    do(bench, "round")
    assert bench.versions()[0].examples["agreement"] == {"majority": 2, "latest": 1, "one answer": 1}
    team = bench.status().team
    assert (team.wanted, team.agreed) == (3, {"label": (1, 3)})
    assert list(team.labelled.values()) == [4, 3, 2]
    assert all("@x.local" in name or name == "me@lsal.local" for name in team.labelled)


def test_measuring_tasks_are_measured_by_what_the_team_agreed_on(bench: Workbench, keys: list[str]) -> None:
    bench.desk.project.change(maximum_annotations=2)
    bench.configure(measuring_share=0.5)
    do(bench, "rank")
    publication = publishing.live_publication(bench.home)
    assert publication
    ann, bob, _ = persons(bench, keys)
    for task in publication.task_ids:
        says(bench, ann, task, "animal")
    do(bench, "round")
    for task in publication.measuring:
        says(bench, bob, task, "machine")
    do(bench, "round")
    share = bench.home.settings().measuring_share
    mirror = bench.desk.mirror
    measured = {task.id for task in mirror.labelled() if task.place < share}
    assert set(publication.measuring) <= measured
    first, second = bench.versions()
    assert not measured & (set(first.examples["ids"]) | set(second.examples["ids"]))
    examples = bench.desk.labelled("label", [task for task in mirror.labelled() if task.id in publication.measuring])
    assert {(e.target.names, e.how) for e in examples if e.target} == {(("machine",), "latest of 2, no majority")}


# --- what changes while a round runs ------------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], None]) -> None:
    """Let people do something just before a step of the round, once."""
    import lsal.worker.acts as acts

    real, done = getattr(acts, step), list[int]()

    def after_it(*args: Any, **named: Any) -> Any:
        if not done:
            done.append(1)
            act()
        return real(*args, **named)

    monkeypatch.setattr(acts, step, after_it)


@pytest.mark.parametrize("step", ["learn", "renew"])
def test_what_people_do_while_a_round_runs_is_neither_lost_nor_trained_on_early(
    bench: Workbench, keys: list[str], client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Edit, delete and add answers and tasks between the snapshot and the switch of the queue."""
    bench.configure(measuring_share=0.0)
    ann, bob, _ = persons(bench, keys)
    edited, deleted, doubled, *_ = batch(bench)
    made = {task: says(bench, ann, task) for task in (edited, deleted, doubled)}
    gone, added = [task for task in bench.desk.mirror.ids() if task not in batch(bench)][-2:], list[int]()
    after = dict[int, str]()

    def act() -> None:
        client("PATCH", f"/api/annotations/{made[edited]}/", json={"result": answer(bench, "machine")})
        client("DELETE", f"/api/annotations/{made[deleted]}/").raise_for_status()
        says(bench, bob, doubled, "machine")
        for task in gone:
            client("DELETE", f"/api/tasks/{task}/").raise_for_status()
        added.extend(bench.desk.project.add_tasks([{"text": "a new horse"}, {"text": "a new pump"}]))
        after.update(annotations_digest(bench))

    meanwhile(monkeypatch, step, act)
    told = do(bench, "round", batch=40)
    assert told["exact"], told["faults"]
    assert annotations_digest(bench) == after, "only people change annotations"
    assert sorted(bench.versions()[0].examples["ids"]) == sorted((edited, deleted, doubled))
    assert bench.versions()[0].examples["by_label"] == {"animal": 3, "machine": 0}
    told = do(bench, "round", batch=40)
    assert told["exact"], told["faults"]
    mirror = bench.desk.mirror
    texts = {task.data["text"] for task in mirror.tasks(OPEN)}
    assert {"a new horse", "a new pump"} <= texts
    assert {task.id for task in mirror.tasks(OPEN)} == set(batch(bench))
    second = bench.versions()[1]
    assert sorted(second.examples["ids"]) == sorted((edited, doubled))
    assert second.examples["by_label"] == {"animal": 0, "machine": 2}
    assert second.examples["agreement"] == {"one answer": 1, "latest": 1}
    assert annotations_digest(bench) == after


def test_a_prediction_of_the_queue_that_somebody_deleted_is_noticed(
    bench: Workbench, client: Callable[..., Any]
) -> None:
    task = batch(bench)[2]
    for prediction in client("GET", "/api/predictions", params={"task": task}).json():
        client("DELETE", f"/api/predictions/{prediction['id']}/").raise_for_status()
    checked = bench.verify()
    assert not checked.exact
    assert checked.faults[0].startswith("1 open task was published but its prediction is gone")
    do(bench, "rank")
    assert bench.verify().exact


def test_a_task_edited_after_training_is_never_measured_by_nor_the_other_way_round(
    bench: Workbench, keys: list[str], client: Callable[..., Any]
) -> None:
    bench.configure(measuring_share=0.5)
    do(bench, "rank", batch=8)
    ann, *_ = persons(bench, keys)
    for task in batch(bench):
        says(bench, ann, task)
    do(bench, "round")
    before = {task.id: (task.place, task.digest) for task in bench.desk.mirror.tasks()}
    trained = set(bench.versions()[0].examples["ids"])
    for task in [task.id for task in bench.desk.mirror.labelled()]:
        client("PATCH", f"/api/tasks/{task}/", json={"data": {"text": f"edited {task}"}}).raise_for_status()
    do(bench, "round")
    after = {task.id: (task.place, task.digest) for task in bench.desk.mirror.tasks()}
    changed = {task for task in before if before[task][1] != after[task][1]}
    assert changed >= trained
    assert {task: place for task, (place, _) in before.items()} == {task: place for task, (place, _) in after.items()}
    assert set(bench.versions()[1].examples["ids"]) == trained
    for point in bench.curve():
        assert point.tasks == 8 - len(trained) > 0
