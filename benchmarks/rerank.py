"""A re-rank of a large pool of texts with kept embeddings against the first one, each in a fresh process.

A version of the family `embedded_text` scores the whole pool, and the strategy `margin` picks a batch: once with
nothing kept, then again. Without an encoder given, a small one of random weights (two layers) is built: what it
says is nothing, what it costs is the least that an encoder costs, so that the ratio is a lower bound for real ones.
"""

import argparse
import json
import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lsal import predicting
from lsal.engine import Here
from lsal.home import create_home, open_home
from lsal.models.embedded_text import EmbeddedText
from lsal.records import Control, Example, Labels
from lsal.store import Store
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool

CONTROL = Control("label", "x", "Choices", "Text", "text", ("even", "odd", "neither"))
WORDS = 4000
LABELLED = 200
BATCH = 25


def main() -> None:
    """Print seconds, the ratio and memory."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--encoder", default="", help="the name or folder of an encoder; small, random weights without"
    )
    options.add_argument("--texts", type=int, default=100_000)
    options.add_argument("--words", type=int, default=12, help="in each text")
    options.add_argument("--out", type=Path, default=Path("rerank.json"))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        texts = generated(chosen.texts, chosen.words)
        encoder = chosen.encoder or small_encoder(Path(place) / "encoder", texts[:5000])
        home = create_home(Path(place), "http://127.0.0.1:1", 1, "now", "rerank")
        train(home.folder, encoder, texts[:LABELLED])
        shutil.rmtree(home.path("embeddings"))
        told = {"texts": chosen.texts, "words": chosen.words, "encoder": chosen.encoder or "2 layers, random weights"}
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            told["first"], told["again"] = (pool.apply(rank, (home.folder, texts)) for _ in range(2))
        told["ratio"] = told["first"]["seconds"] / told["again"]["seconds"]
        told["same_batch"] = told["first"].pop("batch") == told["again"].pop("batch")
        told["kept_mb"] = sum(path.stat().st_size for path in home.path("embeddings").rglob("*")) / 1e6
        chosen.out.write_text(json.dumps(told, indent=1))
    for name in ("first", "again"):
        one = told[name]
        print(
            f"{name:6} {one['seconds']:9.2f} s   peak {one['peak_mb']:.0f} MB above the start   torch: {one['torch']}"
        )
    print(f"ratio {told['ratio']:.0f}, the same batch: {told['same_batch']}, {told['kept_mb']:.0f} MB kept on disk")


def generated(count: int, words: int) -> list[str]:
    """Texts of words by Zipf's law, each with a number of its own."""
    draw = np.random.default_rng(0)
    drawn = np.minimum(draw.zipf(1.3, (count, words)), WORDS)
    return [f"{number} " + " ".join(f"word{each}" for each in row) for number, row in enumerate(drawn.tolist())]


def small_encoder(folder: Path, texts: Sequence[str]) -> str:
    """A BERT of two layers and random weights."""
    import torch
    from transformers import BertConfig, BertModel
    from transformers.utils.logging import disable_progress_bar

    from lsal.models.word_pieces import word_pieces

    tokenizer = word_pieces(texts)
    torch.manual_seed(0)
    sizes = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512}
    disable_progress_bar()
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def train(home: Path, encoder: str, texts: Sequence[str]) -> None:
    """Version 1."""
    examples = [Example(n, text, Labels((CONTROL.labels[n % 2],))) for n, text in enumerate(texts)]
    model = EmbeddedText(CONTROL, {"model": encoder})
    model.keep_in(home / "embeddings")
    model.fit(examples, [], [], lambda progress: None)
    facts = {"metrics": {}, "examples": {}, "labels": CONTROL.labels, "shape": CONTROL.shape}
    Store(open_home(home)).add(model.save, family="embedded_text", control=CONTROL.name, **facts)


def rank(home: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Score the pool and pick a batch; seconds, and memory at the peak above the start."""
    import sys

    me, ended = psutil.Process(), threading.Event()
    examples = [Example(n, text) for n, text in enumerate(texts)]
    start = peak = me.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.05):
            peak = max(peak, me.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    version = Store(open_home(home)).get(1)
    told = predicting.score(version, CONTROL, examples, Here(), lambda progress: None)
    picks = STRATEGIES["margin"](make_pool(told, CONTROL), BATCH)
    seconds = time.perf_counter() - begun
    ended.set()
    watcher.join()
    batch = picks.positions.tolist()
    return {"seconds": seconds, "peak_mb": (peak - start) / 1e6, "torch": "torch" in sys.modules, "batch": batch}


if __name__ == "__main__":
    main()
