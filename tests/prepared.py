"""A project's home as Label Studio and two rounds would leave it, made without either."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsal.files import write_json
from lsal.home import activate, create_home
from lsal.label_studio.mirror import Mirror
from lsal.models import MODELS
from lsal.publishing import live_publication
from lsal.records import Control, Entry, Publication, Ranking
from lsal.store import Store
from lsal.workbench import Workbench

LABELS = ("ham", "spam")
HOSTILE = "<script>window.harmed = 'script'</script><img src=x onerror=\"window.harmed = 'img'\">"
TEXT = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="ham"/><Choice value="spam"/></Choices></View>'
)
IMAGE = TEXT.replace("Text", "Image").replace("text", "image")
TASKS = 60
STAMP = "2026-01-01T00:00:00.000000Z"


def prepared(root: Path, labelled: int = 24, images: bool = False, title: str = "Messages") -> Workbench:
    """A project of lsal's own server, which does not run: mirror filled, nothing trained or published."""
    home = create_home(root, "http://127.0.0.1:1", 7, STAMP, title, own_server=True)
    activate(home)
    rows = [_row(number, number <= labelled, _picture(number) if images else None) for number in range(1, TASKS + 1)]
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    mirror.keep(rows)
    mirror.remember(label_config=IMAGE if images else TEXT, watermark=STAMP)
    return Workbench.of(home)


def add_versions(bench: Workbench, right: list[int], of: int = 30, held: tuple[int, ...] = ()) -> None:
    """Versions 1, 2, ... of the `random` family, each right on so many of the same measuring tasks."""
    store = Store(bench.home)
    control = Control("label", "text", "Choices", "Text", "text", LABELS)
    truth = {number: ["ham"] for number in range(1, of + 1)}
    write_json(bench.home.path("versions", "answers", "truth-label.json"), truth)
    for place, hits in enumerate(right, start=1):
        facts: dict[str, Any] = {"count": 25 * place, "measuring": 3 * place, "ids": [], "digest": ""}
        promoted = place not in held
        version = store.add(
            MODELS["random"](control).save,
            family="random",
            control="label",
            metrics={"accuracy": hits / of if of else None, "interval": [0.5, 0.9], "tasks": of},
            examples=facts,
            labels=control.labels,
            shape=control.shape,
            seconds={"train": 0.2},
            promoted=promoted,
            reason="better: 9 gained, 1 lost on 30 tasks" if promoted else "worse: 1 gained, 9 lost on 30 tasks",
        )
        said = {number: ["ham" if number <= hits else "spam"] for number in truth}
        write_json(bench.home.path("versions", "answers", f"{version.number:04d}.json"), said)
        if promoted:
            store.make_current({"label": version.number})


def publish(bench: Workbench, tasks: list[int], measuring: int = 4) -> None:
    """A live publication of these tasks, every so many of them a measuring one, as a round leaves it on disk."""
    home, live = bench.home, Store(bench.home).current()
    entries = tuple(_entry(task, place % measuring == measuring - 1) for place, task in enumerate(tasks))
    publication = Publication("lsal-queue-test", live, tuple(tasks), tuple(e.task_id for e in entries if e.measuring))
    write_json(home.path("rankings", "lsal-queue-test.json"), asdict(Ranking(entries, "margin", live, 0.0)))
    write_json(home.path("publication.json"), asdict(publication))
    assert live_publication(home) == publication


def _entry(task: int, measuring: bool) -> Entry:
    if measuring:
        return Entry(task, 0.0, True)
    margin = (task * 7 % 40) / 100
    return Entry(task, 1 - margin, guess="spam", runner_up="ham", chance=0.5 + margin / 2, margin=margin)


def _row(number: int, labelled: bool, image: str | None = None) -> dict[str, Any]:
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["ham"]}}]
    annotation = {"id": number, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": result}
    text = HOSTILE if number == 26 else f"Message {number}: " + "call me when you are home, the bus is late again " * 3
    return {
        "id": number,
        "data": {"image": image} if image else {"text": text},
        "updated_at": STAMP,
        "annotations": [annotation] if labelled else [],
    }


def _picture(number: int) -> str:
    """A data: URL of an image larger than any thumbnail; one of them is no image at all."""
    import base64
    from io import BytesIO

    from PIL import Image, ImageDraw

    if number == 27:
        return "data:image/png;base64," + base64.b64encode(b"no image").decode()
    image = Image.new("RGB", (320, 200), (number * 40 % 255, 120, 200 - number * 3 % 200))
    ImageDraw.Draw(image).ellipse((60, 20, 240, 180), fill=(250, 240, number * 17 % 255))
    written = BytesIO()
    image.save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
