"""A project with very many open tasks as a ranking would leave it: texts, a batch, and what a version said of all."""

from dataclasses import asdict
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from prepared import STAMP

from lsal import scored
from lsal.files import write_json
from lsal.home import activate, create_home
from lsal.label_studio.mirror import Mirror
from lsal.records import Entry, Publication, Ranking
from lsal.workbench import Workbench

CLASSES = ("account", "card", "delivery", "exchange", "fees", "limit", "refund", "transfer")
WORDS = ("my", "card", "was", "charged", "twice", "when", "I", "sent", "money", "abroad", "nobody", "tells")
PAGE, CUT = 5000, 1000
ORDER = "0f" * 16
"""So that the same tasks are for measuring in each of them."""


def open_tasks(root: Path, tasks: int, batch: int = 40, classes: tuple[str, ...] = CLASSES) -> Workbench:
    """The project; task n is `Message n: ...`. Every tenth of the batch is for measuring, the first of it drawn."""
    home = create_home(root, "http://127.0.0.1:1", 3, STAMP, "Messages to a bank", order_key=ORDER)
    activate(home)
    choices = "".join(f"<Choice value={quoteattr(name[:CUT])}/>" for name in classes[:50])
    head = '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    config = f"{head}{choices}</Choices></View>"
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    draw = np.random.default_rng(0)
    for begin in range(1, tasks + 1, PAGE):
        mirror.keep([_row(number, draw) for number in range(begin, min(begin + PAGE, tasks + 1))])
    mirror.remember(label_config=config, watermark=STAMP)
    bench = Workbench.of(home)
    bench.configure(measuring_share=0.01)
    said = _said(np.arange(1, tasks + 1), classes, draw)
    scored.keep(home, said)
    _publish(bench, said, batch)
    return bench


def _row(number: int, draw: np.random.Generator) -> dict[str, object]:
    text = f"Message {number}: {' '.join(draw.choice(WORDS, 24))}"
    return {"id": number, "data": {"text": text}, "updated_at": STAMP, "annotations": []}


def _said(ids: np.ndarray, classes: tuple[str, ...], draw: np.random.Generator) -> scored.Scored:
    n, first = len(ids), draw.beta(4, 2, len(ids)).astype(np.float32)
    margin = (first * draw.uniform(0.1, 1, n)).astype(np.float32)
    guess = draw.integers(len(classes), size=n)
    none = np.zeros(0, np.int64)
    return scored.Scored(
        *("lsal-queue-large", "label", 1, classes, ids, None, first, guess),
        *((guess + 1) % len(classes), margin, 1 - margin, draw.integers(20, size=n), None, none, none, None),
    )


def _publish(bench: Workbench, said: scored.Scored, batch: int) -> None:
    doubtful = np.argsort(-said.score, kind="stable")[:batch].tolist()
    entries = tuple(_entry(said, place, rank) for rank, place in enumerate(doubtful))
    publication = Publication(said.ranking, {"label": 1}, tuple(one.task_id for one in entries))
    write_json(bench.home.path("rankings", f"{said.ranking}.json"), asdict(Ranking(entries, "auto", {"label": 1}, 0.0)))
    write_json(bench.home.path("publication.json"), asdict(publication))


def _entry(said: scored.Scored, place: int, rank: int) -> Entry:
    task = int(said.task_ids[place])
    if rank % 10 == 4:
        return Entry(task, 0.0, measuring=True)
    told = {"guess": said.classes[said.guess[place]], "runner_up": said.classes[said.runner_up[place]]}
    told |= {"chance": float(said.confidence[place]), "margin": float(said.margin[place])}
    return Entry(task, float(said.score[place]), parts={"random": 1.0} if rank == 0 else {}, **told)
