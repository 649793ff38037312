"""How long it takes to write the answer to 1,000 tasks with 20 regions each: as lsal does, and by the standard json."""

import argparse
import json
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from asking import load, ratio

from lsal.backend import wire


def main() -> None:
    """Print milliseconds of both, and the ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=1000)
    options.add_argument("--regions", type=int, default=20)
    options.add_argument("--rounds", type=int, default=11)
    chosen = options.parse_args()
    content, draw = answer(chosen.tasks, chosen.regions), random.Random(0)
    writers: dict[str, Callable[[Any], bytes]] = {"lsal": wire.write, "json": lambda what: json.dumps(what).encode()}
    if json.loads(writers["lsal"](content)) != json.loads(writers["json"](content)):
        raise SystemExit("they do not write the same")
    seconds: dict[str, list[float]] = {name: [] for name in writers}
    for _ in range(chosen.rounds):
        for name in draw.sample(list(writers), len(writers)):
            begun = time.perf_counter()
            writers[name](content)
            seconds[name].append(time.perf_counter() - begun)
    for name, each in seconds.items():
        print(f"{name:5} {1000 * median(each):8.2f} ms")
    print(f"lsal is {ratio(seconds['json'], seconds['lsal'])} as fast; {chosen.rounds} rounds, {load()}")


def answer(tasks: int, regions: int) -> dict[str, Any]:
    """What /predict answers about images with boxes."""
    draw = random.Random(0)

    def region() -> dict[str, Any]:
        box = {side: draw.uniform(0, 100) for side in ("x", "y", "width", "height")}
        facts = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "score": draw.random()}
        return facts | {"original_width": 640, "original_height": 480, "value": {**box, "rectanglelabels": ["cell"]}}

    rows = [{"result": [region() for _ in range(regions)], "score": 0.5} for _ in range(tasks)]
    return {"results": [{**row, "model_version": "lsal-label.v1"} for row in rows]}


if __name__ == "__main__":
    main()
