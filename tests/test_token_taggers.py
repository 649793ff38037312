"""The family `transformers_tokens`: how texts and pieces go together, what its taggers learn, begin from and keep."""

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from span_texts import EMOJI, HIDDEN, LEFTWARDS, MARKS, SPACES, WORDS
from text_toys import BERT, shared_encoder, small, tokenizer

from lsal.errors import BadData, BadRequest, Cancelled, NoVersion
from lsal.label_studio.server import Server
from lsal.models.texts import text_of
from lsal.models.tokens import tags_of, tokens_of
from lsal.models.transformers_tokens import TransformersTokens, lesson
from lsal.models.transformers_tokens.answering import Answering
from lsal.models.transformers_tokens.learning import targets_of
from lsal.models.transformers_tokens.lesson import SILENT, Lesson
from lsal.models.transformers_tokens.reading import Place, Reading, readings_of
from lsal.models.transformers_tokens.tags import Columns, aliases_of, tags_for
from lsal.models.transformers_tokens.wishes import SORT, Wishes
from lsal.models.transformers_training import teaching
from lsal.models.transformers_training.nets import Net
from lsal.models.word_pieces import word_pieces
from lsal.records import Control, Example, Progress, Span, Spans
from lsal.testing import SpanModelContract
from lsal.testing.materials import CLASSES, ignore
from lsal.testing.spans import SPANS, example_of, right
from lsal.workbench import Workbench

LEARNS: dict[str, Any] = {"model": BERT, "epochs": 15, "patience": 0, "batch": 4, "learning_rate": 0.003, "length": 32}
SHORT = {**LEARNS, "epochs": 1}
STILL = {**SHORT, "learning_rate": 1e-9}
"""So small a step moves nothing."""
HARD = (
    *WORDS,
    *EMOJI,
    *MARKS,
    *HIDDEN,
    *LEFTWARDS,
    "Straße",
    "İstanbul",
    "ﬁ",
    "東京タワー",
    "\x00",
    "\ud83d",
    "x" * 30,
)


class TestLaws(SpanModelContract):
    model = TransformersTokens
    options = LEARNS
    quick = {"epochs": 1}  # noqa: RUF012


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, number) for number in range(12)]


def fitted(examples: Sequence[Example], options: Any, report: Any = ignore, control: Control = SPANS) -> Any:
    model = TransformersTokens(control, options)
    model.fit(examples, examples, [], report)
    return model


def kept(model: Any, folder: Path) -> Path:
    folder.mkdir()
    model.save(folder)
    return folder


def tagger(folder: Path, names: Sequence[str], seed: int = 1) -> str:
    """A network with weights and a tokenizer in a folder, as the hub has them."""
    from transformers import BertForTokenClassification

    torch.manual_seed(seed)
    words = tokenizer()
    config = small(len(words))
    config.id2label = dict(enumerate(names))
    module = BertForTokenClassification(config)
    torch.nn.init.normal_(module.classifier.weight)
    module.save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)


def hard_texts(count: int) -> list[str]:
    draw = random.Random(7)
    return [
        "".join(draw.choice(HARD) + draw.choice((*SPACES, "")) for _ in range(draw.randrange(1, 40)))
        for _ in range(count)
    ]


@cache
def bytes_tokenizer() -> Any:
    """A piece for each byte, as of GPT-2 and RoBERTa: several for one character."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE({c: n for n, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>")


@cache
def unigram_tokenizer() -> Any:
    """Pieces as of XLM-R: blanks are marks before words, signs without blanks go together, compatibility is lost."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    signs = sorted({sign for text in HARD if text != "\ud83d" for sign in text})
    pieces = [("<unk>", 0.0), ("▁", -2.0), ("東京", -1.0), *((sign, -3.0) for sign in signs)]
    made = Tokenizer(models.Unigram(pieces, 0))
    made.normalizer, made.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>")


class TestAlignment:
    """Pieces and tokens, whatever the text."""

    @pytest.mark.parametrize("made", [lambda: word_pieces(["the cat Zoë met Bob"]), bytes_tokenizer, unigram_tokenizer])
    @pytest.mark.parametrize("length", [8, 64])
    def test_every_token_is_asked_at_its_first_piece(self, made: Any, length: int) -> None:
        words = made()
        for text in map(_read, hard_texts(60)):
            whole = words(text, return_offsets_mapping=True, add_special_tokens=False)
            (reading,) = readings_of(words, [text], length)
            assert all(0 < len(window) <= length for window in reading.windows)
            for token, place in zip(reading.tokens, reading.places, strict=True):
                first = [
                    number
                    for number, (start, end) in zip(whole["input_ids"], whole["offset_mapping"], strict=True)
                    if max(start, token.start) < min(end, token.end)
                ][:1]
                assert first == ([reading.windows[place.window][place.piece]] if place else [])

    def test_tokenizers_that_tell_no_places_read_token_by_token(self) -> None:
        from transformers import ByT5Tokenizer, CanineTokenizer

        letters, octets = CanineTokenizer(), ByT5Tokenizer()
        for words, number in ((letters, lambda text: ord(text[0])), (octets, lambda text: text.encode()[0] + 3)):
            assert not words.is_fast
            for length, text in product((8, 64), map(_read, hard_texts(6))):
                (reading,) = readings_of(words, [text], length)
                assert all(len(window) <= length for window in reading.windows)
                for token, place in zip(reading.tokens, reading.places, strict=True):
                    assert reading.windows[place.window][place.piece] == number(token.text)
        (reading,) = readings_of(letters, ["a  b"], 8)
        assert reading.windows == ([0xE000, *map(ord, "a  b"), 0xE001],), "blanks are pieces of it too"

    def test_what_is_marked_comes_back_to_the_character(self) -> None:
        """Spans -> tags -> classes of pieces -> chances -> spans, for random spans of whole tokens."""
        draw, tried = random.Random(3), 0
        for words in (bytes_tokenizer(), word_pieces(["the cat"])):
            for text in map(_read, hard_texts(60)):
                (reading,) = readings_of(words, [text], 16)
                spans = _drawn(draw, reading)
                if None not in reading.places and len({*reading.places}) == len(reading.places):
                    tried += len(spans.items)
                    assert _there_and_back(words, reading, spans).items == spans.items
        assert tried > 300

    def test_tokens_of_one_piece_are_one_and_a_dropped_one_does_not_cut(self) -> None:
        (reading,) = readings_of(unigram_tokenizer(), ["in 東京 now"], 16)
        second, third = reading.places[1:3]
        assert second == third
        told = _there_and_back(unigram_tokenizer(), reading, Spans((Span(4, 5, "cat"),)))
        assert told == Spans((Span(3, 5, "cat"),)), "a piece speaks for both"
        dropped = Reading(tuple(tokens_of("a b c")), ([1, 2],), (Place(0, 0), None, Place(0, 1)))
        assert _there_and_back(None, dropped, Spans((Span(0, 5, "dog"),))) == Spans((Span(0, 5, "dog"),))

    def test_each_token_is_taught_once_where_most_is_seen_around_it(self) -> None:
        words, text = tokenizer(), " ".join("0123456789"[n % 10] for n in range(40))
        (reading,) = readings_of(words, [text], 16)
        classes = targets_of(reading, ["O"] * 40, {"O": 0})
        assert sum(one != SILENT for row in classes for one in row) == 40
        assert len(reading.windows) == 4
        distances = [min(p.piece, 15 - p.piece) for p in reading.places[3:-3] if 0 < p.window < 3]
        assert min(distances) >= 2, "half of what windows share"

    def test_halves_of_characters_and_nothing_at_all(self) -> None:
        assert text_of(Example(1, "a\ud83db")) == "a\ufffdb"
        assert text_of(Example(1, None)) == ""
        assert readings_of(tokenizer(), ["", " \r\n"], 8) == [Reading((), (), ())] * 2
        model = fitted([Example(n, "the cat \ud83d purrs", Spans((Span(4, 7, "cat"),))) for n in range(4)], SHORT)
        assert model.predict([Example(1, "\ud83d")])[0].chances.shape == (1, 4)


def _read(text: str) -> str:
    return text_of(Example(1, text))


def _drawn(draw: random.Random, reading: Reading) -> Spans:
    spans, place = [], 0
    while place < len(reading.tokens):
        last = min(place + draw.randrange(1, 4), len(reading.tokens))
        if draw.random() < 0.4:
            spans.append(Span(reading.tokens[place].start, reading.tokens[last - 1].end, draw.choice(CLASSES)))
        place = last
    return Spans.of(spans)


def _there_and_back(words: Any, reading: Reading, spans: Spans) -> Spans:
    """What a tagger says that is certain of just what these spans teach it."""
    tags = tags_for(CLASSES)
    told = tags_of(reading.tokens, spans.items).tags
    classes = targets_of(reading, told, {tag: n for n, tag in enumerate(tags)})
    sure = np.eye(len(tags), dtype=np.float32)
    rows = [sure[[max(one, 0) for one in row]] for row in classes]
    answering = Answering(SPANS, Net(None, words, tags, SORT), sure[0], Wishes(), "cpu")
    found, chances = answering._told(reading, rows, Columns.of(tags, SPANS))
    assert all(span.score == 1 for span in found.items)
    assert chances.shape == (len(reading.tokens), len(CLASSES) + 1)
    return Spans.of(replace(span, score=None) for span in found.items)


class TestTags:
    """Those of taggers from elsewhere, and what they mean here."""

    def test_other_schemes_are_read_by_label_and_alias(self) -> None:
        control = replace(SPANS, aliases={"PER": "cat"})
        told = Columns.of(["O", "S-per", "E-PER", "DOG", "B-LOC", "U-eel"], control)
        assert told.places == (3, 0, 0, 1, 3, 2)
        assert told.begins == (False, True, False, False, False, True)
        assert told.known
        assert not Columns.of(["LABEL_0", "LABEL_1"], control).known

    def test_chances_of_tags_go_together_by_label(self) -> None:
        rows = np.array([[0.1, 0.2, 0.3, 0.4, 0.0, 0.0, 0.0]], np.float32)
        chances, begun = Columns.of(tags_for(CLASSES), SPANS).collapsed(rows)
        assert chances == pytest.approx(np.array([[0.5, 0.4, 0.0, 0.1]]))
        assert begun == pytest.approx(np.array([[0.2, 0.4, 0.0, 0.0]]))

    def test_of_tags_that_mean_the_same_the_plain_one_brings_its_row(self) -> None:
        assert aliases_of(["S-cat", "B-cat", "I-Cat", "L-cat", "B-fox"], SPANS) == {"B-cat": "B-cat", "I-Cat": "I-cat"}


class TestWhatItKeepsAndBeginsFrom:
    """A plain folder of transformers, and what the next training does with it."""

    def test_transformers_alone_reads_what_is_kept(self, examples: list[Example], tmp_path: Path) -> None:
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        model = fitted(examples, SHORT)
        folder = kept(model, tmp_path / "v1") / "network"
        assert {path.name for path in folder.iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}
        words = AutoTokenizer.from_pretrained(folder)(examples[0].input, return_tensors="pt")
        with torch.inference_mode():
            module = AutoModelForTokenClassification.from_pretrained(folder)
            chances = torch.softmax(module(**words).logits, 2)[0, 1:-1].numpy()
        assert list(module.config.id2label.values()) == ["O", "B-cat", "I-cat", "B-dog", "I-dog", "B-eel", "I-eel"]
        (told,) = model.predict(examples[:1])
        assert told.chances[:, 0] == pytest.approx(chances[:, 1] + chances[:, 2], abs=1e-5)
        assert told.chances[:, -1] == pytest.approx(chances[:, 0], abs=1e-5)

    def test_it_begins_from_an_earlier_version_whose_labels_were_others(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        earlier = fitted(examples, LEARNS)
        folder = kept(earlier, tmp_path / "v1")
        later = TransformersTokens(replace(SPANS, labels=("newt", "dog", "cat")), STILL)
        later.begin_from(folder)
        later.fit(examples, [], [], ignore)
        for one, other in zip(earlier.predict(examples), later.predict(examples), strict=True):
            assert other.chances[:, 2] / other.chances[:, 1] == pytest.approx(
                one.chances[:, 0] / one.chances[:, 1], rel=0.01
            )
        assert right(later, examples) == 12

    def test_a_version_answers_for_a_control_that_lost_or_got_a_label(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        folder = kept(fitted(examples, LEARNS), tmp_path / "v1")
        told = TransformersTokens.load(folder, replace(SPANS, labels=("fox", "dog"))).predict(examples)
        assert {name for p in told for name in p.target.names} == {"dog"}
        assert all(p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5) for p in told)

    def test_another_model_begins_anew(
        self, examples: list[Example], tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = kept(fitted(examples, SHORT), tmp_path / "v1")
        with caplog.at_level("INFO"):
            TransformersTokens(SPANS, {**SHORT, "model": shared_encoder()}).begin_from(folder)
        assert "begins anew" in caplog.text
        (folder / "network" / "model.safetensors").write_bytes(b"no tensors")
        with pytest.raises(BadData, match="does not hold the network"):
            TransformersTokens.load(folder, SPANS)
        with pytest.raises(BadData, match="holds no model"):
            TransformersTokens(SPANS).begin_from(tmp_path)

    def test_a_given_tagger_suggests_from_the_start_and_brings_what_it_knows(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        from transformers import AutoModelForTokenClassification

        control = replace(SPANS, labels=("dog", "person"), aliases={"PER": "person"})
        options = {**STILL, "model": tagger(tmp_path / "ner", ["I-PER", "O", "B-LOC", "B-PER"]), "balance": True}
        given = TransformersTokens.pretrained(control, options)
        assert given is not None
        trained = fitted([Example(n, str(e.input), Spans()) for n, e in enumerate(examples)], options, control=control)
        assert {name for p in given.predict(examples) for name in p.target.names} == {"person"}
        assert all((p.chances[:, 0] == 0).all() for p in given.predict(examples)), "it knows no dog"
        rows = trained._ready().net.module.classifier.weight.detach()
        before = AutoModelForTokenClassification.from_pretrained(options["model"]).classifier.weight.detach()
        assert torch.allclose(rows[[0, 3, 4]], before[[1, 3, 0]], atol=1e-5)

    def test_weights_that_know_no_label_suggest_nothing(self, tmp_path: Path) -> None:
        assert TransformersTokens.pretrained(SPANS, {"model": BERT}) is None
        options = {"model": tagger(tmp_path / "ner", ["O", "B-LOC"])}
        assert TransformersTokens.pretrained(SPANS, options) is None
        with pytest.raises(BadRequest, match=r"None of the tags of .* \(LOC\) is a label of 'c' \(cat, dog, eel\)"):
            TransformersTokens.pretrained(SPANS, options, suggest=False)

    def test_it_sees_before_any_training(self, examples: list[Example]) -> None:
        model = TransformersTokens(SPANS, {"model": shared_encoder()})
        vectors = model.embed([*examples, Example(1, None)])
        assert vectors.shape == (13, 32)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 12 + [0.0])
        with pytest.raises(NoVersion, match="never fitted"):
            model.predict(examples)

    def test_a_model_that_is_nowhere(self, examples: list[Example]) -> None:
        with pytest.raises(BadRequest, match=r"'nobody/nothing' here: neither a folder.*nor a download in ") as error:
            fitted(examples, {"model": "nobody/nothing"})
        assert "model=/path/to/folder" in error.value.fix


class TestTraining:
    """By the Trainer of transformers, as the loop wants it."""

    @pytest.mark.parametrize("stop", [1, 3])
    def test_a_cancel_is_heard_within_a_step(
        self, examples: list[Example], monkeypatch: pytest.MonkeyPatch, stop: int
    ) -> None:
        passes = _short_of_memory(monkeypatch, 1)  # a step of twelve texts is taken one by one

        def report(progress: Progress) -> None:
            if len(passes) == stop:
                raise Cancelled

        model = TransformersTokens(SPANS, {**LEARNS, "batch": 12})
        with pytest.raises(Cancelled):
            model.fit(examples, [], [], report)
        assert len(passes) == stop

    def test_out_of_memory_takes_the_same_step_in_halves(
        self, examples: list[Example], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = {**LEARNS, "epochs": 3}
        before, after = list[Progress](), list[Progress]()
        whole = fitted(examples, options, before.append).predict(examples)
        taken = _short_of_memory(monkeypatch, 1)
        halves = fitted(examples, options, after.append).predict(examples)
        assert max(taken) == 1
        assert "1 texts at a time" in after[-2].message
        assert {"loss", "check_loss", "accuracy", "epoch"} <= set(before[-2].metrics)
        assert after[-2].metrics["loss"] == pytest.approx(before[-2].metrics["loss"], abs=1e-3)
        for one, other in zip(whole, halves, strict=True):
            assert one.chances == pytest.approx(other.chances, abs=1e-3)
        _short_of_memory(monkeypatch, 0)
        with pytest.raises(BadRequest, match=r"no memory on .* to read one text of 32 tokens"):
            fitted(examples, SHORT)

    def test_training_ends_when_nothing_gets_better(self, examples: list[Example]) -> None:
        told: list[Progress] = []
        fitted(examples, {**STILL, "epochs": 40, "patience": 2}, told.append)
        assert max(p.metrics.get("epoch", 0) for p in told) == 3

    def test_nothing_is_left_behind_told_or_printed(
        self, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
    ) -> None:
        for name in ("here", "temp"):
            (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
        made: list[Any] = []
        whole = teaching._trainer
        monkeypatch.setattr(teaching, "_trainer", lambda *given: made.append(whole(*given)) or made[-1])
        fitted([*examples, Example(9, "dog barks " * 600, Spans())], SHORT)
        (trainer,) = made
        assert trainer.args.report_to == []
        assert not [*(tmp_path / "here").iterdir(), *(tmp_path / "temp").iterdir()]
        said = capfd.readouterr()
        assert (said.out, said.err) == ("", "")

    def test_what_no_tag_can_hold_is_told(self, examples: list[Example]) -> None:
        odd = Example(1, "the cat purrs", Spans.of([Span(0, 13, "cat"), Span(4, 7, "dog"), Span(1, 2, "eel")]))
        told: list[Progress] = []
        fitted([*examples[:3], odd], SHORT, told.append)
        assert told[-1].message == "trained on 4 texts, 2 spans left out (overlaps, or no word)"
        with pytest.raises(BadData, match="no label 'fox', only: cat, dog, eel"):
            fitted([Example(1, "a fox", Spans((Span(2, 5, "fox"),)))], SHORT)

    def test_every_token_weighs_the_same_and_rare_tags_more_where_balanced(
        self, examples: list[Example], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lessons: list[Lesson] = []
        monkeypatch.setattr("lsal.models.transformers_tokens.learning.teach", lessons.append)
        long = Example(1, "the mat number 1 " * 40, Spans())
        plain = fitted([*examples[:4], long], SHORT)
        fitted([*examples[:4], long], {**SHORT, "balance": True})
        one, other = lessons
        taught = sum(each != SILENT for row in one.train[1] for each in row)
        assert one.tokens == pytest.approx(taught / len(one.train[0]))
        assert one.weights is None
        assert other.weights[1] > 9 * other.weights[0], "B-cat is rare"
        (told,) = plain.predict([Example(1, "the mat")])
        assert told.chances[:, -1].min() > 0.85, "a fresh head says at first how rare spans are"


def test_a_long_text_is_learned_and_answered_to_its_end() -> None:
    shown = []
    for n in range(10):
        text = f"{'the mat is near ' * (n + 3)}a cat purrs 😀 the end"
        start = text.index("cat")
        shown.append(Example(n, text, Spans((Span(start, start + 9, "cat"),))))
    model = fitted(shown, {**LEARNS, "length": 16, "epochs": 8})
    assert right(model, shown) == 10
    assert [len(p.chances) for p in model.predict(shown)] == [len(tokens_of(str(e.input))) for e in shown]


def test_without_any_model_it_learns_all_the_same(examples: list[Example]) -> None:
    assert right(fitted(examples, {"epochs": 8, "batch": 4, "length": 16}), examples) == 12


def test_options_are_checked() -> None:
    for options in ({"threshold": 0}, {"length": 3}, {"long": "cut"}, {"epochs": 0}, {"model": 3}):
        with pytest.raises(BadRequest, match="transformers_tokens"):
            TransformersTokens(SPANS, options)


def _short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """As if memory held no more than so many texts at a time while it trains; how many were taken."""
    whole, taken = lesson.look, list[int]()

    def counted(module: Any, words: Any, given: Any, states: bool = False) -> Any:
        if module.training and len(given) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        taken.append(len(given))
        return whole(module, words, given, states)

    monkeypatch.setattr(lesson, "look", counted)
    return taken


CONFIG = """<View><Text name="text" value="$text"/><Labels name="words" toName="text">
  <Label value="cat"/><Label value="dog"/></Labels></View>"""


def test_a_real_label_studio_gets_its_spans(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response], tmp_path: Path
) -> None:
    """One round: chosen by the setting, trained in a worker, promoted, in the queue, and answered by /predict."""
    made = client("POST", "/api/projects/", json={"title": "taggers", "label_config": CONFIG}).json()["id"]
    tasks = [_task(example_of(tmp_path, n), labelled=n < 24) for n in range(36)]
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    bench.configure(
        batch=6,
        measuring_share=0.0,
        family={"words": "transformers_tokens"},
        options={"words": {**LEARNS, "epochs": 25}},
    )
    told = bench.round().wait(300)
    assert (told["not_trained"], told["published"]) == ({}, 6)
    (version,) = bench.desk.store.all()
    assert (version.family, version.promoted) == ("transformers_tokens", True)
    unseen = example_of(tmp_path, 40)
    (answer,) = bench.predict(bench.desk.config.xml, [{"id": 0, "data": {"text": str(unseen.input)}}])
    (found,) = answer["result"]
    assert found["value"]["labels"] == ["cat"]
    assert found["value"]["text"] == "cat purrs"
    shown = bench.desk.project.connection.get("/api/tasks", project=bench.home.project, fields="all", page_size=100)
    guesses = [task["predictions"][-1]["result"] for task in shown["tasks"] if task["predictions"]]
    assert len(guesses) == 6
    assert all(item["value"]["text"] in ("cat purrs", "dog barks") for one in guesses for item in one)


def test_a_tagger_that_knows_the_labels_marks_the_first_batch(
    label_studio: Server, root: Path, client: Callable[..., httpx.Response], tmp_path: Path
) -> None:
    """Before anything is labelled, people are shown what the given weights say."""
    made = client("POST", "/api/projects/", json={"title": "given", "label_config": CONFIG}).json()["id"]
    tasks = [_task(example_of(tmp_path, n), labelled=False) for n in range(20)]
    client("POST", f"/api/projects/{made}/import", json=tasks).raise_for_status()
    bench = Workbench(root).attach(label_studio.url, made)
    given = {"model": tagger(tmp_path / "ner", ["O", "B-cat", "I-CAT", "B-LOC"]), "threshold": 0.1}
    bench.configure(batch=6, family={"words": "transformers_tokens"}, options={"words": given})
    bench.round().wait(300)
    shown = bench.desk.project.connection.get("/api/tasks", project=bench.home.project, fields="all", page_size=100)
    guesses = [task["predictions"][-1]["result"] for task in shown["tasks"] if task["predictions"]]
    assert {label for one in guesses for item in one for label in item["value"]["labels"]} == {"cat"}


def _task(example: Example, labelled: bool) -> dict[str, Any]:
    text, (span,) = str(example.input), example.target.items  # type: ignore[union-attr]
    marked = {"start": span.start, "end": span.end, "text": text[span.start : span.end], "labels": [span.label]}
    result = [{"id": "w", "from_name": "words", "to_name": "text", "type": "labels", "value": marked}]
    return {"data": {"text": text}} | ({"annotations": [{"result": result}]} if labelled else {})
