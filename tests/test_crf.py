"""The family `crf_tokens`, and the tokens that it reads."""

import logging
from pathlib import Path

import numpy as np
import pytest

from lsal.errors import BadData, BadRequest, NoVersion
from lsal.models.crf_tokens import CrfTokens
from lsal.models.crf_tokens.features import shape
from lsal.models.crf_tokens.vocabulary import Vocabulary
from lsal.models.tokens import Token, chains_of, spans_of, tags_of, tokens_of
from lsal.records import Example, Progress, Span, Spans
from lsal.snapshots import Snapshot
from lsal.testing import SpanModelContract
from lsal.testing.materials import ignore
from lsal.testing.spans import SPANS, example_of, right
from lsal.training import train


class TestLaws(SpanModelContract):
    model = CrfTokens


class TestTheLikeliestSentence(SpanModelContract):
    """Viterbi in place of a threshold."""

    model = CrfTokens
    options = {"threshold": 0.0}  # noqa: RUF012
    quick = {"iterations": 5}  # noqa: RUF012


def words(text: str) -> list[str]:
    tokens = tokens_of(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    return [token.text for token in tokens]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's Jean-Luc's.", ["It", "'s", "Jean", "-", "Luc", "'s", "."]),
        ("@anna_b #tag http://x.org/a?b=1, me@x.org", ["@anna_b", "#tag", "http://x.org/a?b=1", ",", "me@x.org"]),
        ("10,000 at 10:30 ... 3D!!!", ["10,000", "at", "10:30", "...", "3D", "!!!"]),
        ("東京タワーABC", ["東", "京", "タ", "ワ", "ー", "ABC"]),
        ("ไทยA", ["ไ", "ท", "ย", "A"]),
        ("cafe\u0301 नमस्ते می\u200cخواهم", ["cafe\u0301", "नमस्ते", "می\u200cخواهم"]),
        ("👨\u200d👩\u200d👧x👍🏽🇩🇪❤\ufe0f", ["👨\u200d👩\u200d👧", "x", "👍🏽", "🇩🇪", "❤\ufe0f"]),
        ("a\u200bb\ufeff c\r\nd\u2028e", ["a", "b", "c", "d", "e"]),
        (" \t\r\n\u200e", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_tags_and_spans_go_both_ways() -> None:
    text = "😀 New York and Paris, Texas"
    tokens = tokens_of(text)
    spans = [Span(2, 10, "place"), Span(15, 20, "place"), Span(20, 27, "thing")]
    told = tags_of(tokens, spans)
    assert told.tags == ("O", "B-place", "I-place", "O", "B-place", "B-thing", "I-thing")
    assert (told.left_out, told.widened) == (0, 0)
    found = [Span(tokens[a].start, tokens[b - 1].end, label) for label, a, b in spans_of(told.tags)]
    assert found == [Span(2, 10, "place"), Span(15, 20, "place"), Span(20, 27, "thing")]


def test_of_overlapping_spans_the_longest_and_then_the_first_is_learned() -> None:
    tokens = tokens_of("University of New York")
    told = tags_of(tokens, [Span(14, 22, "place"), Span(0, 22, "group"), Span(0, 22, "place")])
    assert told.tags == ("B-group", "I-group", "I-group", "I-group")
    assert told.left_out == 2
    equal = tags_of(tokens, [Span(11, 17, "b"), Span(14, 20, "a")])
    assert equal.tags == ("O", "B-b", "I-b", "O")


def test_a_span_within_a_word_is_widened_and_one_of_blanks_left_out() -> None:
    told = tags_of(tokens_of("superman  flies"), [Span(5, 8, "x"), Span(8, 10, "y")])
    assert told.tags == ("B-x", "O")
    assert (told.widened, told.left_out) == (1, 1)


def test_tags_that_do_not_begin_are_spans_too() -> None:
    assert list(spans_of(["I-a", "I-b", "B-b", "O", "I-a"])) == [("a", 0, 1), ("b", 1, 2), ("b", 2, 3), ("a", 4, 5)]


def test_chains_end_with_lines_and_long_lines_with_sentences() -> None:
    text = "one two\r\nthree. four\n" + "word " * 70 + "end. " + "more " * 450
    tokens = tokens_of(text)
    chains = [tokens[a:b] for a, b in chains_of(text, tokens)]
    assert [len(chain) for chain in chains] == [2, 3, 72, 200, 200, 50]
    assert [token for chain in chains for token in chain] == tokens
    assert list(chains_of("", [])) == []


def test_shapes() -> None:
    assert [shape(word) for word in ("McD's", "東3", "ß-Z")] == ["XxX'x", "ad", "x-X"]


def test_the_pool_tells_how_words_are_written_and_which_are_used_alike() -> None:
    chains = [f"we went to {town} by train".split() for town in ("Rome", "Oslo", "rome", "Bonn")] * 10
    chains += [f"a {beast} sleeps all day".split() for beast in ("cat", "dog", "cow")] * 10
    chains += [[f"w{n}", "is", f"v{n}"] for n in range(40) for _ in range(3)]
    known = Vocabulary.of(chains)
    assert known.features("Rome") == known.features("rome")
    assert "c=2+" in known.features("Rome")
    assert {"c=4+"} <= set(known.features("Oslo"))
    groups = {word: known.features(word)[0] for word in ("Oslo", "Bonn", "cat", "dog")}
    assert groups["Oslo"] == groups["Bonn"] != groups["cat"] == groups["dog"]
    assert known.features("unheard") == ()


def learned(examples: list[Example], **options: object) -> CrfTokens:
    model = CrfTokens(SPANS, options)
    model.fit(examples, examples, [], ignore)
    return model


def test_what_is_not_learned_as_marked_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    odd = Example(1, "the cat purrs", Spans.of([Span(0, 13, "cat"), Span(4, 7, "dog"), Span(1, 2, "eel")]))
    told: list[Progress] = []
    with caplog.at_level(logging.INFO):
        CrfTokens(SPANS).fit([example_of(tmp_path, 0), odd], [], [], told.append)
    assert told[-1].message == "trained on 2 texts, 2 spans left out (overlaps, or no word)"
    assert "2 spans overlap a longer one" in caplog.text
    assert any("loss" in one.metrics and one.done == 1 for one in told)


def test_a_lower_threshold_marks_no_less(tmp_path: Path) -> None:
    examples = [example_of(tmp_path, n) for n in range(12)]
    unseen = [Example(n, text) for n, text in enumerate(["a cat that purrs", "my dog barks", "he barks", "purrs"])]
    counts = []
    for threshold in (0.01, 0.25, 0.9):
        told = learned(examples, threshold=threshold).predict(unseen)
        counts.append(sum(int((p.chances[:, -1] <= 1 - threshold).sum()) for p in told))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_the_score_is_that_of_the_least_likely_token(tmp_path: Path) -> None:
    examples = [example_of(tmp_path, n) for n in range(12)]
    (told,) = learned(examples).predict(examples[:1])
    (span,) = told.target.items
    inside = [n for n, token in enumerate(tokens_of(str(examples[0].input))) if span.start <= token.start < span.end]
    assert span.score == float(told.chances[inside, 0].min())
    assert told.confidence == span.score


def test_a_model_answers_for_a_control_that_lost_or_got_a_label(tmp_path: Path) -> None:
    from dataclasses import replace

    examples, folder = [example_of(tmp_path, n) for n in range(12)], tmp_path / "kept"
    folder.mkdir()
    learned(examples).save(folder)
    told = CrfTokens.load(folder, replace(SPANS, labels=("fox", "dog"))).predict(examples)
    assert {name for p in told for name in p.target.names} == {"dog"}
    assert all(np.allclose(p.chances.sum(axis=1), 1, atol=1e-5) for p in told)


def test_bad_options_and_labels_are_named(tmp_path: Path) -> None:
    for options in ({"c3": 1}, {"c1": -1}, {"iterations": 0}, {"threshold": 2}, {"c2": True}):
        with pytest.raises(BadRequest, match="crf_tokens"):
            CrfTokens(SPANS, options)
    with pytest.raises(BadData, match="no label 'fox', only: cat, dog, eel"):
        learned([Example(1, "a fox", Spans((Span(2, 5, "fox"),)))])
    with pytest.raises(NoVersion, match="never fitted"):
        CrfTokens(SPANS).predict([Example(1, "x")])
    with pytest.raises(NoVersion):
        CrfTokens(SPANS).save(tmp_path)


def test_it_learns_what_it_was_shown_from_few_texts(tmp_path: Path) -> None:
    examples = [example_of(tmp_path, n) for n in range(12)]
    unseen = [example_of(tmp_path, n) for n in range(20, 30)]
    assert right(learned(examples), unseen) == 10


def test_tokens_are_tuples_of_their_place() -> None:
    assert tokens_of("a b")[1] == Token("b", 2, 3)


def test_a_version_tells_how_many_words_people_read(tmp_path: Path) -> None:
    examples = [example_of(tmp_path, n) for n in range(12)]
    snapshot = Snapshot(SPANS, "crf_tokens", {}, 0, examples[:8], examples[8:], examples, "", 0.0)
    told = train(snapshot, ignore).examples
    assert told["tokens"] == sum(len(tokens_of(str(example.input))) for example in examples)
    assert told["by_label"] == {"cat": 4, "dog": 4, "eel": 0}
