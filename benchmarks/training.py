"""What lsal adds to a training: YOLO over a COCO folder through lsal, and by ultralytics alone, in turn.

Both get the same images, split, network and settings. Through lsal counts the whole of it: images read and
checked, a folder written, training with progress heard after every batch, weights saved and loaded again. By
ultralytics alone only its `train` counts; the folder lies there already. On a GPU if there is one.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch

from lsal.geometry import upright
from lsal.models.yolo import Yolo, library
from lsal.records import Box, Control, Example, Regions
from lsal.rehearsal.source import read_source
from lsal.settings import worker_threads


def main() -> None:
    """Print a line for each repeat, and the ratio of the medians."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", type=Path, help="a folder with annotations_train.json")
    options.add_argument("--model", default="yolo11n.yaml", help="a yaml: random weights")
    options.add_argument("--size", type=int, default=640, help="pixels")
    options.add_argument("--epochs", type=int, default=30)
    options.add_argument("--batch", type=int, default=16, help="images at a time")
    options.add_argument("--images", type=int, default=0, help="train on so many; 0 for all")
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    library.load()  # imports count for neither
    torch.set_num_threads(worker_threads())
    given = read_source(chosen.source, "", "")
    known, check = given.pool_and_test(0)
    train = known[: chosen.images or None]
    print(f"{len(train)} images, {len(check)} to check, on {device()}, {chosen.epochs} epochs of {chosen.size} pixels")
    seconds: dict[str, list[float]] = {"lsal": [], "ultralytics": []}
    with tempfile.TemporaryDirectory() as folder:
        data = write(Path(folder), given.control, train, check)
        for repeat in range(chosen.repeats + 1):
            for name in sorted(seconds, reverse=bool(repeat % 2)):
                begun = time.perf_counter()
                if name == "lsal":
                    by_lsal(chosen, given.control, train, check, Path(folder) / f"weights{repeat}")
                else:
                    by_ultralytics(chosen, data, Path(folder) / f"run{repeat}")
                if repeat:  # the first of each warms caches up
                    seconds[name].append(time.perf_counter() - begun)
            if repeat:
                print(" ".join(f"{name} {values[-1]:.1f} s" for name, values in seconds.items()), flush=True)
    ours, theirs = (median(seconds[name]) for name in ("lsal", "ultralytics"))
    print(
        f"medians of {chosen.repeats}: lsal {ours:.1f} s, ultralytics alone {theirs:.1f} s, ratio {ours / theirs:.3f}"
    )


def device() -> str:
    """In words."""
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"{os.cpu_count()} CPU cores"


def settings() -> dict[str, Any]:
    """What neither of them decides for itself: steps after the same images, the same loaders."""
    loaders = 8 if torch.cuda.is_available() else 0
    return {"nbs": 64, "workers": loaders, "optimizer": "AdamW", "lr0": 0.002}


def by_lsal(chosen: Any, control: Control, train: Sequence[Example], check: Sequence[Example], folder: Path) -> None:
    """As a worker trains a version."""
    mine = {"model": chosen.model, "size": chosen.size, "epochs": chosen.epochs, "batch": chosen.batch, "patience": 0}
    model = Yolo(control, {**mine, "train": settings()})
    model.fit(train, [], check, lambda progress: None)
    folder.mkdir()
    model.save(folder)
    Yolo.load(folder, control)


def by_ultralytics(chosen: Any, data: Path, folder: Path) -> None:
    """As its documentation has it."""
    from ultralytics import YOLO

    wanted = {"imgsz": chosen.size, "epochs": chosen.epochs, "batch": chosen.batch, "patience": chosen.epochs}
    quiet = {"plots": False, "verbose": False, "project": str(folder.parent), "name": folder.name, "seed": 0}
    YOLO(chosen.model).train(data=str(data), **wanted, **quiet, **settings())
    torch.set_num_threads(worker_threads())  # on the CPU it takes all but one


def write(folder: Path, control: Control, train: Sequence[Example], check: Sequence[Example]) -> Path:
    """The set as ultralytics wants it."""
    for part, examples in (("train", train), ("val", check)):
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True)
        for example in examples:
            path = Path(str(example.input))
            (folder / "images" / part / path.name).symlink_to(path.resolve())
            (folder / "labels" / part / f"{path.stem}.txt").write_text("\n".join(lines(control, example)))
    named = "".join(f"  {n}: {label}\n" for n, label in enumerate(control.labels))
    (folder / "data.yaml").write_text(f"path: {folder}\ntrain: images/train\nval: images/val\nnames:\n{named}")
    return folder / "data.yaml"


def lines(control: Control, example: Example) -> list[str]:
    """Class, middle and sides of each box, in shares."""
    assert isinstance(example.target, Regions)
    size, told = example.target.size or (1, 1), []
    for region in example.target.items:
        if not isinstance(region.shape, Box):
            raise SystemExit("A set of boxes is wanted, such as bccd")
        left, top, right, bottom = upright(region.shape, size)
        middle = f"{(left + right) / 2} {(top + bottom) / 2}"
        told.append(f"{control.labels.index(region.label)} {middle} {right - left} {bottom - top}")
    return told


if __name__ == "__main__":
    main()
