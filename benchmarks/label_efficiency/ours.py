"""lsal's strategies, asked as a ranking asks them."""

from __future__ import annotations

from typing import Any

import numpy as np

from label_efficiency.replays import Choice, Question
from lsal.records import Control, Pool
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import start_pool


def ours(name: str) -> Choice:
    """A strategy of lsal by its name."""
    strategy = STRATEGIES[name]

    def choose(asked: Question, n: int) -> Any:
        return strategy(pool_of(asked), n).positions

    return choose


def pool_of(asked: Question) -> Pool:
    """All that a strategy of lsal may look at."""
    if asked.chances is None:
        control = Control("label", "text", "Choices", "Text", "text", tuple(map(str, range(asked.classes))))
        return start_pool(asked.open.tolist(), control, asked.vectors, asked.seed)
    return Pool(
        task_ids=asked.open,
        chances=asked.chances,
        offsets=np.arange(len(asked.open) + 1),
        seen=np.bincount(asked.labels, minlength=asked.classes),
        seed=asked.seed,
        embeddings=asked.vectors,
        labelled_embeddings=asked.all_vectors[asked.labelled],
        labelled_classes=asked.labels,
    )
