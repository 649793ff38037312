"""The peer of `idle_predict.py`: the least that answers /predict with a version's weights. FOLDER VERSION PORT."""

import sys
from pathlib import Path
from typing import Any

import waitress
from asking import CONTROL
from flask import Flask, request

from lsal.home import open_home
from lsal.predicting.loading import load_model
from lsal.records import Example
from lsal.store import Store

app = Flask("bare")


@app.post("/predict")
def predict() -> dict[str, Any]:
    """The model's labels, as Label Studio reads them."""
    tasks = request.get_json()["tasks"]
    told = model.predict([Example(task["id"], task["data"]["text"]) for task in tasks])
    return {"results": [answer(one.target.names, float(one.chances.max())) for one in told]}


def answer(names: Any, score: float) -> dict[str, Any]:
    """One result."""
    region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(names)}}
    return {"result": [region], "score": score, "model_version": "bare"}


if __name__ == "__main__":
    folder, number, port = sys.argv[1:]
    model = load_model(Store(open_home(Path(folder))).get(int(number)), CONTROL)
    waitress.serve(app, host="127.0.0.1", port=int(port), threads=8)
