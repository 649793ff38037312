"""A Label Studio of its own for one benchmark, or one that a peer knows already, and texts to fill it with."""

import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from asking import Client

from lsal import annotator
from lsal.label_studio.config import read_config
from lsal.label_studio.project import Project
from lsal.workbench import Workbench

WORDS = [f"word{n}" for n in range(3000)]


@contextmanager
def workbench(root: Path | None = None) -> Iterator[Workbench]:
    """A workbench whose Label Studio runs: in a temporary root, ended and removed afterwards, or in `root`.

    There it runs already (`lsal up`): a peer that reads its annotations was started with its address and key.
    """
    if root:
        bench = Workbench(root)
        bench.up()
        try:
            yield bench
        finally:
            bench.stop()
        return
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder) / "root")
        bench.up()
        try:
            yield bench
        finally:
            bench.down()


def labelled_project(bench: Workbench, xml: str, rows: Sequence[Mapping[str, str]], more: Sequence[str] = ()) -> int:
    """A project of these labelled texts and `more` that are open, in Label Studio alone; its number."""
    with _client(bench) as client:
        made = client.post("/api/projects/", json={"title": "labelled", "label_config": xml}).raise_for_status()
        number = int(made.json()["id"])
        if more:
            tasks = [{"data": {"text": text}} for text in more]
            client.post(f"/api/projects/{number}/import", json=tasks).raise_for_status()
    for begin in range(0, len(rows), 1000):
        add_labelled(bench, number, xml, rows[begin : begin + 1000])
    return number


def add_labelled(bench: Workbench, number: int, xml: str, rows: Sequence[Mapping[str, str]]) -> None:
    """More labelled texts for a project."""
    region = {"from_name": read_config(xml).controls[0].name, "to_name": "text", "type": "choices"}
    tasks = []
    for row in rows:
        results = [region | {"value": {"choices": [row["label"]]}}]
        tasks.append({"data": {"text": row["text"]}, "annotations": [{"result": results}]})
    with _client(bench) as client:
        client.post(f"/api/projects/{number}/import", json=tasks).raise_for_status()


def _client(bench: Workbench) -> httpx.Client:
    server = bench.up()
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Token {server.key}"}, timeout=600)


def teach(url: str, number: int, xml: str) -> None:
    """Tell a backend, as Label Studio does, of an annotation in a project, at which it trains; it answers then."""
    event = {"action": "ANNOTATION_CREATED", "project": {"id": number, "title": "labelled", "label_config": xml}}
    event |= {"annotation": {"id": 1, "project": number, "result": []}, "task": {"id": 1, "data": {}}}
    seconds, told = Client(url, timeout_s=600).post("webhook", json.dumps(event).encode())
    if told is None:
        raise SystemExit(f"{url} did not train ({seconds:.0f} s)")


def write_texts(path: Path, count: int, classes: int = 4, seed: int = 0) -> Path:
    """`count` labelled texts of about a dozen words, some of which tell the class."""
    draw = random.Random(seed)
    with path.open("w") as file:
        for _ in range(count):
            label = draw.randrange(classes)
            telling = [f"class{label}sign{draw.randrange(30)}" for _ in range(2)]
            row = {"text": " ".join(telling + draw.choices(WORDS, k=10)), "label": f"c{label}"}
            file.write(json.dumps(row) + "\n")
    return path


def label_some(bench: Workbench, count: int) -> None:
    """Label `count` open tasks at once, as a team would have by now."""
    truth = annotator.truth(bench.desk.home)
    project: Project = bench.desk.project
    opened = bench.verify().open[:count]
    for task in opened:
        region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": truth[task].names}}
        project.submit(task, [region], 1.0)
