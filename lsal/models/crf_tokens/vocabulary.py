"""What the pool says about words that no label shows: how they are mostly written, and which are used alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

OFTEN = 3
"""How often a word must occur to be put with others of its use."""
MOST = 20_000
"""The commonest words of those that are."""
CONTEXT = 1_000
"""The commonest words, by which the uses of the others are told apart."""
DIMENSIONS, COARSE, FINE = 64, 32, 256


@dataclass(frozen=True)
class Vocabulary:
    """For each word, in lower case, its features."""

    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def features(self, text: str) -> Sequence[str]:
        """What the pool says of a word, nothing of one that it does not have."""
        return self.words.get(text.lower(), ())

    @classmethod
    def of(cls, chains: Iterable[Sequence[str]], seed: int = 0) -> Vocabulary:
        """From the words of each chain, in order."""
        kept = [list(chain) for chain in chains]
        writing = _writing(kept)
        uses = _uses(kept, seed)
        return cls({word: (*uses.get(word, ()), writing[word]) for word in writing})


def _writing(chains: Sequence[Sequence[str]]) -> dict[str, str]:
    """Whether a word is mostly written with a capital, away from where every word is."""
    seen, high = Counter[str](), Counter[str]()
    for chain in chains:
        for word in chain[1:]:
            seen[word.lower()] += 1
            high[word.lower()] += word[:1].isupper()
    return {word: f"c={int(4 * high[word] / count)}{'+' if count >= OFTEN else ''}" for word, count in seen.items()}


def _uses(chains: Sequence[Sequence[str]], seed: int) -> dict[str, tuple[str, ...]]:
    """Groups of words with the same neighbours, coarse and fine, by k-means over a decomposition of counts.

    As Brown's clusters (Brown et al. 1992), which help taggers most where labels are few (Turian et al. 2010).
    """
    counts = Counter(word.lower() for chain in chains for word in chain)
    words = [word for word, count in counts.most_common(MOST) if count >= OFTEN]
    if len(words) < 2 * COARSE:
        return {}
    vectors = _vectors(chains, {word: n for n, word in enumerate(words)}, seed)
    from sklearn.cluster import MiniBatchKMeans

    named = []
    for name, groups in (("g", COARSE), ("G", min(FINE, len(words) // 4))):
        found = MiniBatchKMeans(groups, n_init=1, random_state=seed, batch_size=1024).fit_predict(vectors)
        named.append([f"{name}={group}" for group in found.tolist()])
    return dict(zip(words, zip(*named, strict=True), strict=True))


def _vectors(chains: Sequence[Sequence[str]], column: Mapping[str, int], seed: int) -> Any:
    """Each word by its neighbours on either side: positive pointwise mutual information, decomposed."""
    from scipy.sparse import coo_matrix
    from sklearn.preprocessing import normalize
    from sklearn.utils.extmath import randomized_svd

    rows, columns = [], []
    for chain in chains:
        places = [column.get(word.lower(), -1) for word in chain]
        for one, other in pairwise(places):
            if one >= 0 and 0 <= other < CONTEXT:
                rows.append(one)
                columns.append(other)
            if other >= 0 and 0 <= one < CONTEXT:
                rows.append(other)
                columns.append(CONTEXT + one)
    counts = coo_matrix((np.ones(len(rows)), (rows, columns)), (len(column), 2 * CONTEXT)).tocsr()
    told = counts.tocoo()
    of_row, of_column = (np.asarray(counts.sum(axis=axis)).ravel() for axis in (1, 0))
    shared = np.log(told.data * counts.sum() / (of_row[told.row] * of_column[told.col]))
    weights = coo_matrix((np.maximum(shared, 0), (told.row, told.col)), counts.shape).tocsr()
    left, values, _ = randomized_svd(weights, min(DIMENSIONS, *weights.shape), n_iter=4, random_state=seed)
    return normalize(left * np.sqrt(values))
