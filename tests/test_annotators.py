"""Several annotators: how far they agree, who is likely right, and what ActiveLab would have answered again."""

import numpy as np
from doubts import NAMES, about, crowd

from lsal.suspects import find, mixing, pairs, people


def test_agreement_of_annotators_is_counted() -> None:
    told = crowd(
        {
            1: {1: "ham", 2: "ham"},
            2: {1: "ham", 2: "spam", 3: "spam"},
            3: {1: "ham"},
            4: {2: "other", 3: "other"},
        }
    )
    names = {1: "ann", 2: "bob", 3: "cis"}
    assert [(p.first, p.second, p.same, p.shared) for p in pairs(told, names)] == [
        ("ann", "bob", 1, 2),
        ("ann", "cis", 0, 1),
        ("bob", "cis", 2, 2),
    ]
    assert [(p.name, p.answered, p.same, p.shared) for p in people(told, names)] == [
        ("ann", 3, 1, 3),
        ("bob", 3, 3, 4),
        ("cis", 2, 2, 3),
    ]


def test_the_careless_annotator_is_told_from_the_careful() -> None:
    given = about(60)
    careless = {t: {1: NAMES[t % 3], 2: NAMES[t % 3], 3: NAMES[(t + t // 3 % 2) % 3]} for t in range(60)}
    found = {p.name: p for p in people(crowd(careless), {1: "ann", 2: "bob", 3: "cis"}, given)}
    assert found["cis"].quality is not None
    assert found["ann"].quality is not None
    assert found["cis"].quality < found["ann"].quality - 0.2


def test_active_lab_weighs_labelled_against_open_tasks() -> None:
    given = about(60, {3, 15})
    told = crowd({t: {1 + t % 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    found, sure, torn = find(given), np.array([[0.98, 0.01, 0.01]]), np.array([[0.34, 0.33, 0.33]])
    known = mixing.by_active_lab(given, found, told, np.repeat(sure, 50, axis=0), 10, 4, set())
    assert {one.task_id for one in known[:2]} == {3, 15}
    assert len(known) == 4
    assert "ActiveLab" in known[0].relabel
    some = mixing.by_active_lab(given, found, told, np.repeat(torn, 50, axis=0), 10, 4, set())
    assert {one.task_id for one in some} <= {3, 15}, "open tasks that tear the model come before labels that fit"
    assert not {3, 15} & {
        one.task_id for one in mixing.by_active_lab(given, found, told, np.repeat(sure, 50, axis=0), 10, 4, {3, 15})
    }


def test_whom_everybody_answered_is_not_asked_again() -> None:
    given = about(60, {3})
    told = crowd({t: {1: e.target.names[0], 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    sure = np.repeat(np.array([[0.98, 0.01, 0.01]]), 50, axis=0)
    assert mixing.by_active_lab(given, find(given), told, sure, 10, 4, set()) == []
