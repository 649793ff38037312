"""Texts as vectors: the leading dimensions of a wide matrix, worked out of a narrow one; how much of a pool is read."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.utils.extmath import randomized_svd

from lsal import training
from lsal.models.text_space import TextSpace
from lsal.records import Example


@pytest.mark.parametrize("rare", [0, 2])
def test_the_space_is_that_of_the_whole_matrix_though_words_of_one_text_are_taken_together(rare: int) -> None:
    draw, topics = random.Random(0), [[f"{topic}{k}" for k in range(12)] for topic in "abcdef"]
    texts = [
        " ".join([*draw.choices(draw.choice(topics), k=6), *(f"once{k}{j}" for j in range(rare))]) for k in range(300)
    ]
    space = TextSpace.fit(texts)
    vectors = space._vectoriser.transform(texts)
    left, lengths, _ = randomized_svd(vectors, 6, n_iter=10, random_state=1)
    found = np.asarray(vectors @ space._projection[:6].T)
    signs = np.sign((found * left).sum(axis=0))
    np.testing.assert_allclose(found * signs, left * lengths, atol=1e-3)
    turned = space._projection @ space._projection.T
    np.testing.assert_allclose(turned[:6, :6], np.eye(6), atol=1e-4)


def test_of_a_pool_so_many_tasks_and_characters_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[int]()

    def pool() -> Iterator[Example]:
        for number in range(100):
            read.append(number)
            yield Example(number, "ten signs.")

    monkeypatch.setattr(training, "SEEN", 40)
    assert len(list(training.seen(pool()))) == 40
    monkeypatch.setattr(training, "LETTERS", 200)
    assert len(list(training.seen(pool()))) == 20
    assert len(read) <= 62, "the rest of the pool is left alone"
