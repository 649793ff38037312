"""Asking ML backends as Label Studio does, and a served project of TREC questions without a Label Studio."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from lsal.desk import Desk
from lsal.home import Home, create_home
from lsal.label_studio.config import read_config
from lsal.models import MODELS
from lsal.records import Control, Example, Labels
from lsal.settings import root_secret
from lsal.workbench import serving

TREC = Path(__file__).resolve().parents[2] / "shared" / "data" / "trec6" / "tasks.jsonl"
CLASSES = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
XML = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    f"{''.join(f'<Choice value={name!r}/>' for name in CLASSES)}</Choices></View>"
)
CONTROL: Control = read_config(XML).controls[0]


class Client:
    """One client of one backend: a connection that is kept, as long as the backend keeps it."""

    def __init__(self, url: str, timeout_s: float = 120) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._connection = HTTPConnection(self._host, timeout=timeout_s)

    def post(self, endpoint: str, body: bytes) -> tuple[float, dict[str, Any] | None]:
        """Seconds until the answer was here, and the answer; None if it is an error."""
        begun = time.perf_counter()
        try:
            status, content = self._ask(endpoint, body)
        except (OSError, HTTPException):
            return time.perf_counter() - begun, None
        return time.perf_counter() - begun, json.loads(content) if status < 300 else None

    def _ask(self, endpoint: str, body: bytes) -> tuple[int, bytes]:
        kept = self._connection.sock is not None
        try:
            self._connection.request("POST", f"{self._path}/{endpoint}", body, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except ConnectionError:  # the backend may have closed a connection that was not used for a while
            self._connection.close()
            if not kept:
                raise
            return self._ask(endpoint, body)
        except (OSError, HTTPException):
            self._connection.close()
            raise

    def predict(self, body: bytes) -> tuple[float, list[dict[str, Any]] | None]:
        """Seconds, and one result for each task."""
        seconds, told = self.post("predict", body)
        return seconds, told["results"] if told else None


def questions(count: int, split: str = "train", path: Path = TREC) -> list[dict[str, str]]:
    """The first questions of a split, with text and label."""
    if not path.exists():
        raise SystemExit(f"There is no {path}: give the table with --data")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in rows if row["split"] == split][:count]


def request(texts: Sequence[str], config: str = XML) -> bytes:
    """What Label Studio sends to /predict for tasks with these texts, which the backend has not seen."""
    rows = [{"id": 1_000_000 + n, "data": {"text": text}, "annotations": []} for n, text in enumerate(texts)]
    return json.dumps({"tasks": rows, "project": "1.1", "label_config": config, "params": {"context": None}}).encode()


def examples(rows: Sequence[dict[str, str]]) -> list[Example]:
    """Questions with their labels."""
    return [Example(n, row["text"], Labels((row["label"],))) for n, row in enumerate(rows, 1)]


@contextmanager
def served(rows: Sequence[dict[str, str]], workers: int = 1) -> Iterator[tuple[Home, str]]:
    """A home whose live version has learned these questions, and the address of its backend, which has loaded it."""
    with TemporaryDirectory() as folder:
        home = create_home(Path(folder) / "root", "http://127.0.0.1:1", 1, "2026-01-01", "questions")
        home.change_settings(measuring_share=0.0)
        desk = Desk(home)
        desk.mirror.remember(label_config=XML)
        model, learned = MODELS["sklearn_text"](CONTROL), examples(rows)
        model.fit(learned, learned, [], lambda progress: None)
        facts = {"metrics": {}, "examples": {"count": len(rows), "measuring": 0}, "labels": CONTROL.labels}
        facts |= {"family": "sklearn_text", "control": CONTROL.name, "shape": CONTROL.shape}
        desk.store.make_current({CONTROL.name: desk.store.add(model.save, **facts).number})
        with started(home, request(["Is it there ?"]), workers) as address:
            yield home, address


@contextmanager
def started(home: Home, body: bytes, workers: int = 1) -> Iterator[str]:
    """The address of the home's backend while the block runs; it has answered this once."""
    url = serving.start(home.root, workers=workers)["url"]
    try:
        address = f"{url}/{root_secret(home.root)}/{home.slug}"
        Client(address).predict(body)
        yield address
    finally:
        serving.stop(home.root)


def percentile(seconds: Sequence[float], percent: float) -> float:
    """The value below which so many of a hundred lie."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ratio(over: Sequence[float], under: Sequence[float]) -> str:
    """The median of the rounds' ratios, and between which they lay."""
    each = sorted(a / b for a, b in zip(over, under, strict=True))
    return f"{median(each):.2f} x ({each[0]:.2f} to {each[-1]:.2f})"


def load() -> str:
    """How busy the machine was."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
