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
    theirs = {t: {1 + t % 3: e.target.names[0]} for t, e in enumerate(given.examples) if e.target}
    careless = {t: {1 + t % 3: NAMES[t % 3], 1 + (t + 1) % 3: NAMES[(t + t % 2) % 3]} for t in range(20, 60)}
    careful = {t: {1 + t % 3: NAMES[t % 3], 1 + (t + 1) % 3: NAMES[t % 3]} for t in range(20, 60)}
    sure, torn = (np.repeat(np.array([row]), 50, axis=0) for row in ((0.98, 0.01, 0.01), (0.34, 0.33, 0.33)))

    def sent(others: dict[int, dict[int, str]], open_chances: np.ndarray, *done: int) -> list[int]:
        told = crowd(theirs | others)
        return [one.task_id for one in mixing.by_active_lab(given, find(given), told, open_chances, 10, 4, done)]

    assert set(sent(careless, sure)[:2]) == {3, 15}
    assert len(sent(careless, sure)) == 4
    assert not {3, 15} & set(sent(careless, sure, 3, 15))
    assert not sent(careless, torn), "where open tasks tear the model they teach more"
    assert not sent(careful, sure), "people who agree are believed"


def test_whom_everybody_answered_is_not_asked_again() -> None:
    given = about(60, {3})
    told = crowd({t: {1: e.target.names[0], 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    sure = np.repeat(np.array([[0.98, 0.01, 0.01]]), 50, axis=0)
    assert mixing.by_active_lab(given, find(given), told, sure, 10, 4, set()) == []


def test_before_anybody_answered_twice_errors_are_sent_back() -> None:
    given = about(60, {3, 15})
    told = crowd({t: {1 + t % 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    torn = np.repeat(np.array([[0.34, 0.33, 0.33]]), 50, axis=0)
    found = find(given)
    sent = mixing.by_active_lab(given, found, told, torn, 10, 4, set())
    assert sent == mixing.by_errors(found, 4, set())
    assert {one.task_id for one in sent} <= {3, 15}


def test_whoever_cannot_be_compared_has_no_quality() -> None:
    given, names = about(40), {1: "ann", 2: "bob", 3: "cis"}
    apart = {t: {1 + t % 2: NAMES[t % 3]} for t in range(40)}
    shared_elsewhere = crowd(apart | {90: {1: "ham", 2: "ham"}})
    assert [one.quality for one in people(shared_elsewhere, names, given)] == [None, None]

    both = {t: {1: NAMES[t % 3], 2: NAMES[t % 3]} for t in range(10, 40)}  # the first ten came from no person
    told = dict(crowd(both))
    told[20] = {**told[20], 3: ()}
    found = {one.name: one.quality for one in people(told, names, given)}
    assert found["ann"] is not None
    assert found["cis"] is None, "who chose no class was asked, and says nothing of themselves"
    assert mixing.matrix(told, given)[0] == [1, 2]
