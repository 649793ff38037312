"""A peer of `yolo_predict.py`: the least that answers /predict with a network of ultralytics. FOLDER WEIGHTS PORT."""

import sys
from pathlib import Path
from typing import Any

import waitress
from flask import Flask, request
from ultralytics import YOLO

app = Flask("bare")


@app.post("/predict")
def predict() -> dict[str, Any]:
    """The boxes of each task's image, as Label Studio reads them."""
    return {"results": [answer(task["data"]["image"].rpartition("=")[2]) for task in request.get_json()["tasks"]]}


def answer(name: str) -> dict[str, Any]:
    """One result."""
    (told,) = network.predict(folder / name, verbose=False)
    regions = []
    for (x, y, width, height), score, label in zip(
        told.boxes.xywhn.tolist(), told.boxes.conf.tolist(), told.boxes.cls.tolist(), strict=True
    ):
        box = {"x": 100 * (x - width / 2), "y": 100 * (y - height / 2), "width": 100 * width, "height": 100 * height}
        value = {**box, "rectanglelabels": [told.names[int(label)]]}
        region = {"from_name": "label", "to_name": "image", "type": "rectanglelabels"}
        regions.append({**region, "score": score, "value": value})
    return {"result": regions, "score": 0.5, "model_version": "bare"}


if __name__ == "__main__":
    folder, network, port = Path(sys.argv[1]), YOLO(sys.argv[2]), int(sys.argv[3])
    waitress.serve(app, host="127.0.0.1", port=port, threads=8)
