"""Committees of the linear families: where the members come from, and that a strategy gets to hear them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lsal.errors import BadRequest
from lsal.models import MODELS
from lsal.models.committee import THINNED, masks
from lsal.predicting import asked
from lsal.predicting.loading import Aligned
from lsal.records import Example, Labels
from lsal.rehearsal import replay
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool
from lsal.testing.materials import MULTIPLE, SINGLE, ignore, images, texts, toy

FAMILIES = {"sklearn_text": texts, "image_features": images}


def fitted(family, control, folder, **options):
    examples = toy(FAMILIES[family], folder)
    model = MODELS[family](control, options, 3)
    model.fit(examples, examples, [], ignore)
    return model, [*examples, Example(7, None)]


@pytest.mark.parametrize("size", [0, 4])
@pytest.mark.parametrize("control", [SINGLE, MULTIPLE], ids=["one", "several"])
@pytest.mark.parametrize("family", FAMILIES)
def test_members_are_full_chances_that_differ_and_are_kept(family, control, size, tmp_path):
    model, examples = fitted(family, control, tmp_path, committee=size)
    told, plain = model.predict_with_members(examples), model.predict(examples)
    k = size or THINNED
    for one, other in zip(told, plain, strict=True):
        assert np.array_equal(one.chances, other.chances)
        assert one.members.shape == (k, *one.chances.shape)
        assert one.members.dtype == np.float32
        assert one.members.sum(axis=2) == pytest.approx(np.ones((k, len(one.chances))), abs=1e-5)
        assert other.members is None
    assert all(len(np.unique(one.members[:, 0, 0])) > 1 for one in told[:-1])
    assert np.array_equal(told[-1].members, np.tile(told[-1].chances, (k, 1, 1))), "what cannot be read has the prior"
    (tmp_path / "kept").mkdir()
    model.save(tmp_path / "kept")
    again = type(model).load(tmp_path / "kept", control).predict_with_members(examples)
    assert all(np.array_equal(one.members, other.members) for one, other in zip(told, again, strict=True))
    alone = model.predict_with_members(examples[3:4])[0]
    assert alone.members == pytest.approx(told[3].members, abs=1e-6), "whoever else is asked"


def test_dropout_keeps_the_sum_on_average_and_hits_each_member_elsewhere():
    drawn = np.stack(masks(20_000, 0))
    assert drawn.mean() == pytest.approx(1, abs=0.02)
    assert set(np.unique(drawn)) == {0, 2}
    assert len({tuple(one[:50]) for one in drawn.tolist()}) == THINNED


def test_a_committee_that_cannot_be_is_refused():
    with pytest.raises(BadRequest, match="committee"):
        MODELS["sklearn_text"](SINGLE, {"committee": -1})


def test_members_reach_the_pool_also_after_the_control_got_labels(tmp_path):
    model, examples = fitted("sklearn_text", SINGLE, tmp_path)
    wider = replace(SINGLE, labels=("ant", *SINGLE.labels))
    told = asked(Aligned(model, SINGLE.labels, wider), examples, STRATEGIES["distinct:bald"])
    pool = make_pool(told, wider)
    assert pool.members.shape == (THINNED, 13, 4)
    assert not pool.members[:, :, 0].any()
    assert "no committee" not in STRATEGIES["bald"](pool, 4).why
    assert make_pool(asked(model, examples, STRATEGIES["margin"]), SINGLE).members is None


def test_a_family_without_a_committee_is_asked_plainly(tmp_path):
    model = MODELS["random"](SINGLE)
    model.fit(toy(texts, tmp_path), [], [], ignore)
    told = asked(model, toy(texts, tmp_path), STRATEGIES["bald"])
    assert "no committee" in STRATEGIES["bald"](make_pool(told, SINGLE), 4).why


def test_a_replay_asks_the_committee(tmp_path):
    examples = [
        Example(n, texts(tmp_path, ("cat", "dog")[n % 2], n), Labels((("cat", "dog")[n % 2],))) for n in range(40)
    ]
    for name in ("vote_entropy", "explore=0.2:dropquery"):
        curve = replay(examples, examples, SINGLE, "sklearn_text", STRATEGIES[name], 6, 4, 14)
        assert "no committee" in curve.why[0], "nothing is trained yet"
        assert not any("no committee" in why for why in curve.why[1:])
