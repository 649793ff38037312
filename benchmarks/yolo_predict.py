"""How fast /predict finds the objects of one image: lsal, ultralytics called directly and behind a bare Flask.

The same weights, a small network that learned drawn shapes for a moment, and the same images, in turns. `--peer` is any
other ML backend that answers with them: with `--keep FOLDER` the weights are left there, to start it with, and the run
ends; the next one with `--keep` takes them up. It gets the path of an image as its address.
"""

import argparse
import json
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from asking import Client, load, percentile, ratio, started
from idle_predict import Bare
from PIL import Image, ImageDraw

from lsal.desk import Desk
from lsal.files import read_json
from lsal.home import create_home
from lsal.label_studio import server
from lsal.label_studio.config import read_config
from lsal.models import MODELS
from lsal.models.yolo.nets import read_net
from lsal.records import Box, Example, Region, Regions

NAMES, SIZE, SIDE = ("square", "disc"), (640, 480), 640
XML = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image" model_path="bench.pt">'
    '<Label value="square"/><Label value="disc"/></RectangleLabels></View>'
)
CONTROL = read_config(XML).controls[0]
IMAGES, SHAPES, LEARNED, EPOCHS = 32, 6, 24, 15


def main() -> None:
    """Print the median of each, and what lsal takes beside it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="yolo11n.yaml", help="an architecture of ultralytics")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--asked", type=int, default=20, help="images in a round")
    options.add_argument("--keep", type=Path, help="where the weights (bench.pt) and images stay, or are already")
    options.add_argument("--peer", default="", help="the address of an ML backend that answers with these weights")
    chosen = options.parse_args()
    with ExitStack() as held:
        folder = chosen.keep or Path(held.enter_context(tempfile.TemporaryDirectory()))
        weights, images = folder / "bench.pt", folder / "images"
        if not weights.exists():
            learn(images, weights, chosen.model)
            if chosen.keep:
                print(f"{weights} is there: start the peer with it, and give --peer as well")
                return
        names = sorted(path.name for path in images.iterdir())[LEARNED:]
        ways = measured(held, images, weights, names, chosen.peer)
        medians: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(chosen.rounds + 1):
            for name in sorted(ways, reverse=bool(turn % 2)):
                seconds = [ways[name](names[n % len(names)]) for n in range(chosen.asked)]
                if turn:  # the first warms up
                    medians[name].append(percentile(seconds, 50))
        for name, each in medians.items():
            against = f"   lsal is {ratio(medians['lsal'], each)} of it" if name != "lsal" else ""
            print(f"{name:22} {1000 * median(each):8.1f} ms{against}")
        print(f"{chosen.model}, medians of {chosen.rounds} rounds of {chosen.asked}; {load()}")


def measured(
    held: ExitStack, images: Path, weights: Path, names: Sequence[str], peer: str
) -> dict[str, Callable[[str], float]]:
    """What answers about an image by its name, and returns the seconds."""
    from ultralytics import YOLO

    root = Path(held.enter_context(tempfile.TemporaryDirectory())) / "root"
    home = create_home(root, "http://127.0.0.1:1", 1, "2026-01-01", "shapes", own_server=True)
    home.change_settings(measuring_share=0.0)
    desk, served = Desk(home), server.files_folder(root)
    desk.mirror.remember(label_config=XML)
    served.mkdir(parents=True, exist_ok=True)
    for name in names:
        (served / name).write_bytes((images / name).read_bytes())
    model = MODELS["yolo"].pretrained(CONTROL, {"model": str(weights), "size": SIDE})
    facts = {"family": "yolo", "control": CONTROL.name, "labels": CONTROL.labels, "shape": CONTROL.shape}
    version = desk.store.add(model.save, metrics={}, examples={"count": LEARNED, "measuring": 0}, **facts)
    desk.store.make_current({CONTROL.name: version.number})
    url = held.enter_context(started(home, asked(names[0])))
    bare = held.enter_context(Bare("bare_yolo.py", str(images), str(weights)))
    network = YOLO(str(weights))
    ways = {"lsal": by(url, ""), "bare Flask": by(bare, "")} | ({"peer": by(peer, f"{images}/")} if peer else {})
    return ways | {"ultralytics directly": lambda name: direct(network, images / name)}


def by(url: str, where: str) -> Callable[[str], float]:
    """Asking a backend; `where` its images lie, if not in a Label Studio."""
    client = Client(url)

    def ask(name: str) -> float:
        seconds, results = client.predict(asked(name, where))
        if not results or not results[0]["result"]:
            raise SystemExit(f"{url} found nothing in {name}")
        return seconds

    return ask


def direct(network: Any, path: Path) -> float:
    """Asking ultralytics in this process."""
    begun = time.perf_counter()
    (told,) = network.predict(path, imgsz=SIDE, verbose=False)
    if not len(told.boxes):
        raise SystemExit(f"ultralytics found nothing in {path}")
    return time.perf_counter() - begun


def asked(name: str, where: str = "") -> bytes:
    """What Label Studio sends to /predict for a task with this image."""
    address = f"{where}{name}" if where else f"/data/local-files/?d={name}"
    task = {"id": 1_000_000, "data": {"image": address}, "annotations": []}
    return json.dumps({"tasks": [task], "project": "1.1", "label_config": XML, "params": {"context": None}}).encode()


def learn(images: Path, weights: Path, architecture: str) -> None:
    """Draw images, learn from some of them for a few epochs, and keep the network as ultralytics does."""
    from ultralytics import YOLO

    images.mkdir(parents=True)
    draw = random.Random(0)
    drawn = [example(images / f"{n:03}.jpg", n, draw) for n in range(IMAGES)]
    quick = {"nbs": 4, "warmup_epochs": 0, "scale": 0.7, "close_mosaic": 0}  # a step of learning at every batch
    wishes = {"model": architecture, "size": SIDE // 2, "epochs": EPOCHS, "patience": 0, "batch": 4, "train": quick}
    model = MODELS["yolo"](CONTROL, wishes)
    model.fit(drawn[:LEARNED], [], drawn[LEARNED:], lambda progress: None)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        net = read_net(Path(folder), read_json(Path(folder) / "model.json")["net"])
    network = YOLO(architecture)
    network.model = net.module
    embolden(network, [one.file for one in drawn[LEARNED:]])
    network.save(weights)


def embolden(network: Any, paths: Sequence[Path]) -> None:
    """Add to its confidence what lets it show as many objects as there are: having learned so little, it doubts."""
    told = network.predict(list(paths), conf=0.0005, imgsz=SIDE, verbose=False)
    least = median(sorted(one.boxes.conf.tolist(), reverse=True)[:SHAPES][-1] for one in told)
    for branch in network.model.model[-1].cv3:
        branch[-1].bias.data += math.log(0.3 / 0.7) - math.log(least / (1 - least))
    network.predictor = None


def example(path: Path, number: int, draw: random.Random) -> Example:
    """An image of squares and discs, written to `path`, and where they are."""
    image = Image.effect_noise(SIZE, 40).convert("RGB")
    pen, found = ImageDraw.Draw(image), []
    for column in range(3):
        for row in range(2):
            name, side = draw.choice(NAMES), draw.randrange(80, 160)
            left, top = 213 * column + draw.randrange(50), 240 * row + draw.randrange(70)
            shape = pen.rectangle if name == "square" else pen.ellipse
            shape((left, top, left + side, top + side), fill="red" if name == "square" else "blue")
            box = Box(left / SIZE[0], top / SIZE[1], side / SIZE[0], side / SIZE[1])
            found.append(Region(name, box))
    image.save(path, quality=90)
    return Example(number, path, Regions(tuple(found), SIZE))


if __name__ == "__main__":
    main()
