"""What the laws are tried on: toys of twelve examples, and pools, those among them that break strategies."""

from __future__ import annotations

import json
import pickletools
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from lsal.records import Control, Example, Labels, Pool, Progress
from lsal.strategies.pools import start_pool

CLASSES = ("cat", "dog", "eel")
SINGLE = Control("c", "x", "Choices", "Text", "x", CLASSES)
MULTIPLE = Control("c", "x", "Choices", "Text", "x", CLASSES, options={"choice": "multiple"})
SIDE = 64
WORDS = {"cat": "the cat purrs on the mat", "dog": "a dog barks at postmen"}


def ignore(progress: Progress) -> None:
    """A report that nobody reads."""


def texts(folder: Path, label: str, number: int) -> str:
    """A text about a cat or a dog."""
    return f"{WORDS[label]} number {number}"


def marked(folder: Path, label: str, number: int) -> str:
    """A text about a cat or a dog, in some of them behind an emoji that is one character and two for UTF-16."""
    return f"{'😀 ' if number % 3 else ''}{texts(folder, label, number)}"


def images(folder: Path, label: str, number: int) -> Path:
    """A picture that is bright on the left (a cat) or below (a dog)."""
    from PIL import Image

    noise = np.random.default_rng(number).integers(0, 30, (40, 40, 3)).astype(np.uint8)
    half = noise[:, :20] if label == "cat" else noise[20:]
    half += 200
    path = folder / f"{label}{number}.png"
    Image.fromarray(noise).save(path)
    return path


def squares(folder: Path, label: str, number: int) -> Path:
    """A picture of one square, red (a cat) or blue (a dog), at `square(number)`."""
    from PIL import Image

    path = folder / f"{label}{number}.png"
    noise = np.random.default_rng(number).integers(90, 110, (SIDE, SIDE, 3)).astype(np.uint8)
    left, top, side = square(number)
    noise[top : top + side, left : left + side] = (220, 20, 20) if label == "cat" else (20, 20, 220)
    Image.fromarray(noise).save(path)
    return path


def square(number: int) -> tuple[int, int, int]:
    """Left, top and side in pixels."""
    draw = np.random.default_rng([number, 1])
    side = int(draw.integers(20, 33))
    left, top = draw.integers(0, SIDE - side + 1, 2)
    return int(left), int(top), side


def rows(folder: Path, label: str, number: int) -> str:
    """A row of three measurements, as JSON."""
    draw, centre = np.random.default_rng(number), {"cat": 1.0, "dog": 5.0}[label]
    return json.dumps({name: round(centre + draw.normal() / 5, 3) for name in ("weight", "height", "age")})


def toy(inputs: Callable[[Path, str, int], str | Path], folder: Path, size: int = 12) -> list[Example]:
    """Examples of cats and dogs in turn, from task 100 on."""
    names = [("cat", "dog")[number % 2] for number in range(size)]
    return [Example(100 + i, inputs(folder, name, i), Labels((name,))) for i, name in enumerate(names)]


def executes(path: Path) -> bool:
    """Whether a file is a pickle, or an archive with one inside: loading it could run anything."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith((".pkl", ".pickle")) for name in archive.namelist())
    content = path.read_bytes()
    if path.suffix in (".pkl", ".pickle", ".joblib"):
        return True
    if content[:1] != b"\x80":
        return False
    try:
        return any(code.name == "STOP" for code, _, _ in pickletools.genops(content))
    except ValueError:
        return False


def pool_of(n: int = 200, classes: int = 3, dimensions: int = 8, labelled: int = 40, seed: int = 0) -> Pool:
    """A pool as it usually is: chances, embeddings, and some tasks that carry labels."""
    draw = np.random.default_rng(seed)
    return Pool(
        task_ids=np.arange(n) + 1000,
        chances=draw.dirichlet(np.ones(classes), n).astype(np.float32),
        offsets=np.arange(n + 1),
        seen=np.full(classes, labelled // classes),
        seed=seed,
        embeddings=draw.normal(size=(n, dimensions)).astype(np.float32),
        labelled_embeddings=draw.normal(size=(labelled, dimensions)).astype(np.float32),
        labelled_classes=draw.integers(0, classes, labelled),
    )


def bare(pool: Pool) -> Pool:
    """The same pool from a model without embeddings."""
    return replace(pool, embeddings=None, labelled_embeddings=None, labelled_classes=None)


def odd_pools() -> Mapping[str, Pool]:
    """The usual pool, and those that tend to break a strategy."""
    whole = pool_of()
    alike = np.ones((200, 8), np.float32)
    certain = np.tile(np.array([1, 0, 0], np.float32), (200, 1))
    return {
        "usual": whole,
        "no embeddings": bare(whole),
        "nothing labelled": start_pool(range(200), SINGLE, whole.embeddings),
        "nothing known": start_pool(range(200), SINGLE),
        "one class only": replace(whole, chances=certain, seen=np.array([40, 0, 0])),
        "all alike": replace(whole, embeddings=alike, labelled_embeddings=alike[:40]),
        "units differ": replace(whole, offsets=np.concatenate([np.zeros(51, int), np.arange(51, 201)])),
        "one task": pool_of(n=1),
        "objects": objects_pool(),
        "objects, mostly none": objects_pool(found=0.1),
        "tokens": tokens_pool(),
        "tokens, nothing found": tokens_pool(found=0.0),
        "tokens, nothing labelled": replace(tokens_pool(), seen=np.zeros(3, np.int64), labelled_embeddings=None),
        "no token": replace(tokens_pool(), chances=np.zeros((0, 4), np.float32), offsets=np.zeros(201, np.int64)),
        "one text": tokens_pool(n=1),
    }


def objects_pool(n: int = 200, found: float = 0.7, seed: int = 3) -> Pool:
    """Images with up to 14 objects of three classes each; a model found something in a share of them."""
    draw = np.random.default_rng(seed)
    counts = np.where(draw.random(n) < found, draw.integers(1, 15, n), 0)
    chances = draw.dirichlet(np.ones(4), int(counts.sum())).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vectors = draw.normal(size=(n, 8)).astype(np.float32)
    return Pool(np.arange(n), chances, offsets, np.array([9, 3, 1]), seed, vectors, vectors[:20], objects=True)


def tokens_pool(n: int = 200, found: float = 0.2, seed: int = 4) -> Pool:
    """Texts of up to 30 tokens, some without any; a share of the tokens looks to be in a span of three classes."""
    draw = np.random.default_rng(seed)
    counts = np.where(draw.random(n) < 0.9, draw.integers(1, 31, n), 0)
    counts[0] = 5
    inside = draw.random(int(counts.sum())) < found
    even, none = draw.dirichlet(np.ones(4), len(inside)), draw.dirichlet((0.1, 0.1, 0.1, 20), len(inside))
    chances = np.where(inside[:, None], even, none).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vectors = draw.normal(size=(n, 8)).astype(np.float32)
    return Pool(np.arange(n), chances, offsets, np.array([9, 3, 1]), seed, vectors, vectors[:20], tokens=True)
