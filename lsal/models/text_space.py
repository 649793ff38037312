"""Texts as vectors: TF-IDF of words and word pairs, and its leading dimensions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from lsal.errors import BadData
from lsal.files import read_json, write_json

if TYPE_CHECKING:
    from lsal.records import Floats

DIMENSIONS = 128
AT_ONCE = 10_000
"""Words that are projected together."""
REMEMBERED = 2
_spaces: dict[str, TextSpace] = {}


class TextSpace:
    """A vocabulary with its weights, and a projection for distances between texts.

    The projection is latent semantic analysis (Deerwester et al. 1990): the leading right
    singular vectors of the TF-IDF matrix. Words of a single text stay in: they keep the rows of
    equal length, and without them the replays on trec6 came out about 2 points lower.
    """

    def __init__(self, vectoriser: TfidfVectorizer, projection: Floats) -> None:
        self._vectoriser, self._projection = vectoriser, projection

    @classmethod
    def fit(cls, texts: Sequence[str], seed: int = 0) -> TextSpace:
        """Learn the vocabulary and the projection. Raises BadData if there is not one word."""
        vectoriser = _vectoriser()
        try:
            vectors = vectoriser.fit_transform(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            raise BadData(
                "There is no word in any of the texts", "Check the field that the label config shows"
            ) from None
        return cls(vectoriser, _projection(vectors, seed))

    def vectors(self, texts: Sequence[str]) -> tuple[Any, Floats]:
        """Sparse features (n, words + d) and float32 embeddings (n, d) of length 1, or 0 without a known word.

        The features are the TF-IDF with the embedding beside it: what the pool tells about which
        words go together helps most while few of them carry a label.
        """
        return _vectors(self, tuple(texts))

    def save(self, folder: Path) -> None:
        """Write plain JSON and arrays."""
        write_json(folder / "words.json", self._vectoriser.get_feature_names_out().tolist())
        np.savez(folder / "space.npz", idf=self._vectoriser.idf_, projection=self._projection)

    @classmethod
    def load(cls, folder: Path) -> TextSpace:
        """What `save` wrote."""
        with np.load(folder / "space.npz", allow_pickle=False) as kept:
            vectoriser = _vectoriser(read_json(folder / "words.json"))
            vectoriser.idf_ = kept["idf"]
            return cls(vectoriser, np.asfortranarray(kept["projection"]))


def _projection(vectors: csr_matrix, seed: int) -> Floats:
    """The leading right singular vectors (d, words) of a matrix (n, words).

    Most words are in a single text, and those of one text only stretch each other: one column of their length has
    the same left singular vectors, and from it follow theirs. The matrix is narrower by most of its columns.
    """
    size, words = min(DIMENSIONS, *vectors.shape), vectors.shape[1]
    lone = np.bincount(vectors.indices, minlength=words) == 1
    single, shared = vectors[:, lone].tocsc(), vectors[:, ~lone]
    lengths = np.sqrt(np.bincount(single.indices, single.data**2, minlength=vectors.shape[0])).astype(np.float32)
    merged = hstack([shared, diags(lengths)], format="csr")
    _, _, found = randomized_svd(merged, size, n_iter=4, random_state=seed)
    share, place = single.data / lengths[single.indices], shared.shape[1] + single.indices
    turned = np.empty((words, size), np.float32)  # word after word, as texts are multiplied by it
    turned[~lone] = found.T[: shared.shape[1]]
    alone = np.flatnonzero(lone)
    for begin in range(0, len(alone), AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        turned[alone[some]] = found.T[place[some]] * share[some, None]
    return turned.T


def fitted_space(texts: tuple[str, ...], seed: int, before: Path | None = None) -> TextSpace:
    """The space of a pool, remembered: successive rounds of one process share their pool.

    `before` is where one was kept under its digest: if that is of these very texts, it is the same to the last bit.
    """
    key = pool_digest(texts, seed)
    if key not in _spaces:
        while len(_spaces) >= REMEMBERED:
            _spaces.pop(next(iter(_spaces)), None)
        kept = before and (read_json(before / "model.json") or {}).get("pool") == key
        _spaces[key] = TextSpace.load(before) if before and kept else TextSpace.fit(texts, seed)
    return _spaces[key]


def loaded_space(folder: Path, key: str) -> TextSpace:
    """The space that was kept in `folder` under its digest, if it is known: the process that fitted it has it still."""
    return _spaces.get(key) or TextSpace.load(folder)


@lru_cache(maxsize=REMEMBERED)
def pool_digest(texts: tuple[str, ...], seed: int) -> str:
    """What a space depends on: the texts in their order, the seed, and the library that fits it."""
    whole = hashlib.blake2b(f"{sklearn.__version__} {DIMENSIONS} {seed}".encode(), digest_size=16)
    for text in texts:
        given = text.encode("utf-8", "surrogatepass")
        whole.update(len(given).to_bytes(8, "big") + given)
    return whole.hexdigest()


@lru_cache(maxsize=4)
def _vectors(space: TextSpace, texts: tuple[str, ...]) -> tuple[Any, Floats]:
    vectors = space._vectoriser.transform(texts)
    embeddings = normalize(vectors @ space._projection.T)
    return hstack([vectors, csr_matrix(embeddings)], format="csr"), embeddings


def _vectoriser(words: list[str] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32, vocabulary=words
    )
