"""Promotions and rollbacks: weights, publication, model_version and order move together, whoever labels meanwhile."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from people import add_annotator
from projects import annotations_digest, answer, demo_of_texts
from switches import Team, add_version, agree, back, do, with_versions

from lsal import jobs, publishing
from lsal.dashboard.html import to_text
from lsal.errors import BadData, BadRequest, NoVersion
from lsal.files import read_json, write_json
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

SWITCHES, IN_PROCESSES = 50, (0, 24, 49)


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project with five versions, the first of them live, and its backend."""
    made = with_versions(root, tmp_path_factory.mktemp("switches"), versions=5, tasks=160, batch=12)
    made.serve()
    yield made
    made.stop()


def test_fifty_switches_at_random_moments_of_a_running_team(bench: Workbench, label_studio: Server) -> None:
    """Three of them by workers in processes of their own, as people start them; the others in this one."""
    keys = [label_studio.key, *(add_annotator(label_studio, f"s{n}-{bench.home.project}@x.local") for n in range(2))]
    url, draw, meanwhile, promoted = bench.serve()["url"], random.Random(3), 0, 0
    history = bench.desk.store.history()
    with Team(bench, keys) as team:
        for step in range(SWITCHES):
            team.let(draw.choice((0, 1, 2, 3)))
            time.sleep(draw.uniform(0, 0.1))
            begun = time.perf_counter()
            if len(history) > 1 and draw.random() < 0.5:
                bench.rollback().wait(240) if step in IN_PROCESSES else back(bench)
                history = history[:-1]
            else:
                number = draw.choice([n for n in range(1, 6) if n != history[-1]["label"]])
                bench.promote(number).wait(240) if step in IN_PROCESSES else do(bench, "promote", number=number)
                history, promoted = [*history, {"label": number}], promoted + 1
            meanwhile += team.within(begun, time.perf_counter())
            agree(bench, url)
            assert bench.desk.store.history() == history
    assert 15 < promoted < SWITCHES - 15
    assert meanwhile > SWITCHES / 5  # labels that came between the ranking of a queue and its check
    assert set(team.given) <= annotations_digest(bench).keys()


def test_back_and_back_again_and_a_new_line_from_there(bench: Workbench) -> None:
    for number in (2, 3, 4):
        if bench.desk.store.current() != {"label": number}:
            told = do(bench, "promote", number=number)
            assert (told["live"], told["exact"]) == ({"label": number}, True)
    assert back(bench)["was"] == {"label": 4}
    told = bench.rollback().wait(240)
    assert (told["live"], told["was"]) == ({"label": 2}, {"label": 3})
    do(bench, "promote", number=5)
    assert bench.desk.store.history()[-2:] == [{"label": 2}, {"label": 5}]  # 3 and 4 are no step any more
    assert back(bench)["live"] == {"label": 2}
    agree(bench)


def test_what_cannot_go_live_is_refused_and_changes_nothing(bench: Workbench) -> None:
    live, queue = bench.desk.store.history(), publishing.live_publication(bench.home)
    (number,) = live[-1].values()
    with pytest.raises(NoVersion, match="no version 99"):
        bench.promote(99)
    damaged, other = add_version(bench, 6), add_version(bench, 7, labels=("cat", "dog"))
    (damaged.folder / "weights" / "model.json").write_text("{}")
    with pytest.raises(BadData, match=f"Version {damaged.number} is damaged"):
        do(bench, "promote", number=damaged.number)
    with pytest.raises(BadRequest, match=f"Version {other.number} was trained for another 'label'") as caught:
        do(bench, "promote", number=other.number)
    assert caught.value.fix
    told = do(bench, "promote", number=number)
    assert f"version {number} is live already" in told["why"]
    with pytest.raises(BadRequest, match="Other versions went live"):
        do(bench, "rollback", leave={"label": 99}, to=live[-2])
    assert bench.desk.store.history() == live
    assert publishing.live_publication(bench.home) == queue
    agree(bench)


def test_while_a_round_runs_nothing_is_switched(bench: Workbench) -> None:
    job = jobs.create(bench.home, "round")
    job.begin()  # by this process, which lives
    for switch in (bench.rollback, lambda: bench.promote(1)):
        with pytest.raises(BadRequest, match=job.id):
            switch()
    job.end("cancelled", time.time())


def test_two_switches_at_once_happen_one_after_the_other(bench: Workbench) -> None:
    (number,) = bench.desk.store.current().values()
    others, before = [n for n in range(1, 6) if n != number][:2], bench.desk.store.history()
    both = [jobs.start(jobs.create(bench.home, "promote", number=other), "lsal.worker") for other in others]
    told = [job.wait(240) for job in both]
    assert all(one["live"] == {"label": other} for one, other in zip(told, others, strict=True))
    after = bench.desk.store.history()
    assert after[: len(before)] == before
    assert sorted(one["label"] for one in after[len(before) :]) == others
    agree(bench)


def test_a_rollback_that_is_run_again_goes_back_once(bench: Workbench) -> None:
    do(bench, "promote", number=next(n for n in range(1, 6) if {"label": n} != bench.desk.store.current()))
    job = bench.rollback()
    job.wait(240)
    history = bench.desk.store.history()
    assert "live already" in jobs.start(job, "lsal.worker").wait(240)["why"]
    assert bench.desk.store.history() == history
    agree(bench)


def test_nothing_to_go_back_to_says_what_to_do(label_studio: Server, root: Path, tmp_path: Path) -> None:
    """Also when nothing is open any more: then only the versions go live."""
    bench = demo_of_texts(root, tmp_path, 4, hold_out=0.0)
    with pytest.raises(NoVersion, match="No version is live yet"):
        bench.rollback()
    one, two = add_version(bench, 1).number, add_version(bench, 2).number
    do(bench, "promote", number=one)
    with pytest.raises(NoVersion, match="No other version was live before") as caught:
        bench.rollback()
    assert "lsal promote" in caught.value.fix
    for task in list(bench.desk.mirror.ids()):
        bench.desk.project.submit(task, answer(bench, "animal"), 1.0)
    for live in (two, one):
        told = do(bench, "promote", number=two) if live == two else back(bench)
        assert told["why"] == "every task is labelled or skipped: only the versions changed"
        assert told["live"] == bench.desk.store.current() == {"label": live}
    assert bench.desk.store.history() == [{"label": one}]
    assert not [text for text in bench.status().warnings if "ranked by other versions" in text]


def test_a_home_of_before_is_switched_like_any_other(label_studio: Server, root: Path, tmp_path: Path) -> None:
    """Its `current.json` holds no history; an interrupted switch of it knows of none either."""
    bench = with_versions(root, tmp_path, versions=2, tasks=20, batch=5)
    write_json(bench.home.path("current.json"), {"label": 1})
    live = publishing.live_publication(bench.home)
    write_json(bench.home.path("intent.json"), {"publication": live, "live": {"label": 1}})
    assert "finished" in publishing.recover(bench.home, bench.desk.project, bench.desk.store)
    do(bench, "promote", number=2)
    assert back(bench)["live"] == {"label": 1}
    agree(bench)


MOODS = (
    '<View><Text name="t" value="$text"/><Choices name="label" toName="t">'
    '<Choice value="good"/><Choice value="bad"/></Choices></View>'
)


def test_a_version_that_is_clearly_worse_is_held_shown_and_can_be_promoted(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response]
) -> None:
    made = client("POST", "/api/projects/", json={"title": "moods", "label_config": MOODS}).json()["id"]
    rows = [(f"{word} {n}", label) for n in range(60) for word, label in (("fine", "good"), ("awful", "bad"))]
    tasks = [{"data": {"text": text}, "annotations": [{"result": [_choice(label)]}]} for text, label in rows]
    tasks += [{"data": {"text": f"fine and new {n}"}} for n in range(8)]
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.configure(measuring_share=0.4)
    do(bench, "round")
    bench.configure(family={"label": "random"})
    told = do(bench, "round")
    held = told["versions"]["label"]
    assert (held["version"], held["promoted"], bench.desk.store.current()) == (2, False, {"label": 1})
    assert held["reason"].startswith("worse: ")
    assert held["reason"] in to_text(bench.job().state())
    assert f"Version 2 is held: {held['reason']}" in to_text(bench.curve())
    (warning,) = [text for text in bench.status().warnings if "is held" in text]
    assert held["reason"] in warning
    assert "lsal compare 1 2" in warning
    assert warning.endswith("lsal promote 2")
    compared = bench.compare(1, 2)
    assert str(compared.verdict) == "worse"
    assert f"{compared.gained} gained, {compared.lost} lost on {compared.tasks}" in held["reason"]
    do(bench, "promote", number=2)
    agree(bench)
    assert not [text for text in bench.status().warnings if "is held" in text]


def _choice(label: str) -> dict[str, object]:
    return {"from_name": "label", "to_name": "t", "type": "choices", "value": {"choices": [label]}}


def test_a_training_alone_says_that_the_queue_is_older(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, 40)
    do(bench, "rank")
    bench.label(6)
    do(bench, "train")
    (warning,) = [text for text in bench.status().warnings if "ranked by other versions" in text]
    assert warning.endswith("lsal rank")
    do(bench, "rank")
    agree(bench)
    assert read_json(bench.home.path("current.json")) == {"versions": {"label": 1}, "before": []}
