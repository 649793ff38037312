"""The family `transformers_text`: what its networks learn, begin from and keep; heard, stopped, short of memory."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from text_toys import BERT, shared_encoder, small, tokenizer

from lsal.errors import BadData, BadRequest, Cancelled, NoVersion
from lsal.models.transformers_text import TransformersText, lesson
from lsal.models.transformers_text.lesson import Lesson
from lsal.models.transformers_text.reading import ask, windows_of
from lsal.models.transformers_training import teaching
from lsal.records import Control, Example, Labels, Progress
from lsal.testing.materials import CLASSES, MULTIPLE, SINGLE, ignore, texts, toy

LEARNS: dict[str, Any] = {"model": BERT, "epochs": 12, "patience": 0, "batch": 4, "learning_rate": 0.003, "length": 32}
SHORT = {**LEARNS, "epochs": 1}
STILL = {**SHORT, "learning_rate": 1e-9}
"""So small a step moves nothing."""


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return toy(texts, tmp_path)


def fitted(examples: Sequence[Example], options: Any, report: Any = ignore, control: Control = SINGLE) -> Any:
    model = TransformersText(control, options)
    model.fit(examples, examples, [], report)
    return model


def right(model: Any, examples: Sequence[Example]) -> int:
    return sum(told.target == example.target for told, example in zip(model.predict(examples), examples, strict=True))


def kept(model: Any, folder: Path) -> Path:
    folder.mkdir()
    model.save(folder)
    return folder


def classifier(folder: Path, names: Sequence[str] = ("dog", "cat")) -> str:
    """A network with weights and a tokenizer in a folder, as the hub has them."""
    from transformers import BertForSequenceClassification

    torch.manual_seed(1)
    words = tokenizer()
    config = small(len(words))
    config.id2label = dict(enumerate(names))
    module = BertForSequenceClassification(config)
    torch.nn.init.normal_(module.classifier.weight)
    module.save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)


class TestWhatItKeepsAndBeginsFrom:
    """A plain folder of transformers, and what the next training does with it."""

    def test_transformers_alone_reads_what_is_kept(self, examples: list[Example], tmp_path: Path) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model = fitted(examples, SHORT)
        folder = kept(model, tmp_path / "v1") / "network"
        names = {path.name for path in folder.iterdir()}
        assert names >= {"config.json", "model.safetensors", "tokenizer.json"}
        words = AutoTokenizer.from_pretrained(folder)(examples[0].input, return_tensors="pt")
        with torch.inference_mode():
            module = AutoModelForSequenceClassification.from_pretrained(folder)
            chances = torch.softmax(module(**words).logits, 1)[0]
        assert model.predict(examples[:1])[0].chances[0] == pytest.approx(chances.numpy(), abs=1e-5)
        assert module.config.id2label == dict(enumerate(CLASSES))

    def test_it_begins_from_an_earlier_version_whose_classes_were_others(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        earlier = fitted(examples, LEARNS)
        folder = kept(earlier, tmp_path / "v1")
        later = TransformersText(replace(SINGLE, labels=("eel", "dog", "newt", "cat")), STILL)
        later.begin_from(folder)
        later.fit(examples, [], [], ignore)
        for one, other in zip(earlier.predict(examples), later.predict(examples), strict=True):
            known = other.chances[0, [3, 1, 0]]
            assert known / known.sum() == pytest.approx(one.chances[0], abs=1e-4)
        assert right(later, examples) == 12

    def test_another_model_begins_anew(
        self, examples: list[Example], tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = kept(fitted(examples, SHORT), tmp_path / "v1")
        with caplog.at_level("INFO"):
            TransformersText(SINGLE, {**SHORT, "model": shared_encoder()}).begin_from(folder)
        assert "begins anew" in caplog.text
        with pytest.raises(BadData, match="holds no model"):
            TransformersText(SINGLE).begin_from(tmp_path)

    def test_given_weights_bring_their_classes_by_name(self, examples: list[Example], tmp_path: Path) -> None:
        from transformers import AutoModelForSequenceClassification

        folder = classifier(tmp_path / "bert", ("kitten", "dog"))
        control = replace(SINGLE, labels=("dog", "cat"), aliases={"kitten": "cat"})
        model = fitted(examples, {**STILL, "model": folder}, control=control)
        words = tokenizer()(examples[0].input, return_tensors="pt")
        with torch.inference_mode():
            logits = AutoModelForSequenceClassification.from_pretrained(folder)(**words).logits[0, [1, 0]]
        assert model.predict(examples[:1])[0].chances[0] == pytest.approx(torch.softmax(logits, 0).numpy(), abs=1e-3)

    def test_it_sees_before_any_training(self, examples: list[Example], tmp_path: Path) -> None:
        model = TransformersText(SINGLE, {"model": shared_encoder()})
        vectors = model.embed([*examples, Example(1, None)])
        assert vectors.shape == (13, 32)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 12 + [0.0])
        with pytest.raises(NoVersion, match="never fitted"):
            model.predict(examples)

    def test_a_configuration_alone_is_built_with_words_of_the_pool(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        small(5).save_pretrained(tmp_path / "bert")
        for given in (tmp_path / "bert", tmp_path / "bert" / "config.json"):
            net = fitted(examples, {**SHORT, "model": str(given)})._ready().net
            assert (net.module.config.hidden_size, net.module.config.vocab_size) == (32, len(net.tokenizer))
            assert "purrs" in net.tokenizer.get_vocab()
        (tmp_path / "vit.json").write_text('{"model_type": "vit"}')
        with pytest.raises(BadRequest, match=r"No network can be built from .*vit\.json"):
            fitted(examples, {**SHORT, "model": str(tmp_path / "vit.json")})

    def test_a_model_that_is_nowhere(self, examples: list[Example]) -> None:
        with pytest.raises(BadRequest, match=r"'nobody/nothing' here: neither a folder.*nor a download in ") as error:
            fitted(examples, {"model": "nobody/nothing"})
        assert "model=/path/to/folder" in error.value.fix

    def test_damaged_weights_are_named(self, examples: list[Example], tmp_path: Path) -> None:
        folder = kept(fitted(examples, SHORT), tmp_path / "v1")
        (folder / "network" / "model.safetensors").write_bytes(b"no tensors")
        with pytest.raises(BadData, match="does not hold the network"):
            TransformersText.load(folder, SINGLE)


class TestLongTexts:
    """Cut, or read in windows whose logits are averaged."""

    def test_what_lies_behind_the_length_counts_with_windows_alone(self) -> None:
        filling = "the mat " * 8
        shown = [Example(n, f"{filling} {word} {n}", Labels((word,))) for n in range(8) for word in ("cat", "dog")]
        options = {**LEARNS, "length": 16, "epochs": 20}
        cut, windows = (fitted(shown, {**options, "long": long}) for long in ("cut", "windows"))
        assert right(cut, shown) <= 8
        assert right(windows, shown) == 16

    def test_windows_overlap_and_hold_the_whole_text(self) -> None:
        words = tokenizer()
        text = " ".join(str(n % 10) for n in range(40))
        (windows,) = windows_of(words, [text], 16, "windows")
        assert len(windows) == 4
        assert all(len(window) <= 16 for window in windows)
        assert windows[0][-5:-1] == windows[1][1:5], "a quarter is shared"
        assert windows_of(words, [text], 16, "cut") == [[windows[0]]]
        assert len(windows_of(words, [text * 100], 16, "windows")[0]) == 32
        assert windows_of(words, [], 16, "windows") == []

    def test_the_logits_of_a_text_are_the_mean_over_its_windows(self, tmp_path: Path) -> None:
        from transformers import AutoModelForSequenceClassification

        module = AutoModelForSequenceClassification.from_pretrained(classifier(tmp_path)).eval()
        words = tokenizer()
        long, short = windows_of(words, ["the cat purrs on the mat " * 4, "a dog"], 12, "windows")
        with torch.inference_mode():
            together, _ = ask(module, words, [long, short])
            alone = [module(torch.tensor([window])).logits[0] for window in (*long, *short)]
        assert len(long) > 1
        assert torch.allclose(together[0], torch.stack(alone[:-1]).mean(0), atol=1e-5)
        assert torch.allclose(together[1], alone[-1], atol=1e-5)

    def test_more_than_the_network_can_read_is_refused(self, examples: list[Example]) -> None:
        with pytest.raises(BadRequest, match="reads at most 64 tokens, not 65"):
            fitted(examples, {**SHORT, "length": 65, "model": shared_encoder()})


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

        model = TransformersText(SINGLE, {**LEARNS, "batch": 12})
        with pytest.raises(Cancelled):
            model.fit(examples, [], [], report)
        assert len(passes) == stop

    def test_it_reports_every_step_with_loss_and_place(self, examples: list[Example]) -> None:
        told: list[Progress] = []
        fitted(examples, {**SHORT, "epochs": 2}, told.append)
        steps = [p for p in told if p.message.startswith("epoch")]
        assert steps[-1].message == f"epoch 2 of 2 on {steps[-1].message.split()[5].rstrip(',')}, 4 texts at a time"
        assert {round(3 * p.done) for p in steps} == {1, 2, 3, 4, 5, 6}
        assert {"loss", "check_loss", "accuracy", "epoch"} <= set(steps[-1].metrics)
        assert told[-1].message == "trained on 12 texts"

    def test_nothing_is_left_behind_told_or_printed(
        self, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
    ) -> None:
        (tmp_path / "here").mkdir()
        (tmp_path / "temp").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
        made: list[Any] = []
        whole = teaching._trainer
        monkeypatch.setattr(teaching, "_trainer", lambda *given: made.append(whole(*given)) or made[-1])
        before = torch.get_rng_state(), np.random.get_state()[1].copy()
        fitted(examples, SHORT)
        assert torch.equal(before[0], torch.get_rng_state())
        assert (np.random.get_state()[1] == before[1]).all()
        (trainer,) = made
        assert trainer.args.report_to == []
        names = {type(each).__name__ for each in trainer.callback_handler.callbacks}
        assert names == {"DefaultFlowCallback", "Heard"}
        assert not [*(tmp_path / "here").iterdir(), *(tmp_path / "temp").iterdir()]
        assert capfd.readouterr().out == ""

    def test_training_ends_when_nothing_gets_better(self, examples: list[Example]) -> None:
        told: list[Progress] = []
        fitted(examples, {**STILL, "epochs": 40, "patience": 2}, told.append)
        assert max(p.metrics.get("epoch", 0) for p in told) == 3

    def test_the_best_epoch_is_kept(self, examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []

        def check(given: Lesson, epoch: int) -> float:
            seen.append(given.net.module.classifier.weight.detach().clone())
            return (0.9, 0.1, 0.5, 0.8)[epoch - 1]

        monkeypatch.setattr(teaching, "checked", check)
        best = fitted(examples, {**LEARNS, "epochs": 4})._ready().net.module.classifier.weight
        assert [bool((best == each).all()) for each in seen] == [False, True, False, False]

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
        for one, other in zip(whole, halves, strict=True):
            assert one.chances == pytest.approx(other.chances, abs=1e-3)
        _short_of_memory(monkeypatch, 0)
        with pytest.raises(BadRequest, match=r"no memory on .* to read one text of 32 tokens") as error:
            fitted(examples, SHORT)
        assert "smaller length" in error.value.fix

    def test_a_rate_that_is_too_large_is_told(self, examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
        whole = Lesson.losses

        def endless(self: Lesson, part: Any) -> Any:
            losses, good = whole(self, part)
            return losses * float("inf"), good

        monkeypatch.setattr(Lesson, "losses", endless)
        with pytest.raises(BadRequest, match=r"learning rate of 0\.003 the loss grew"):
            fitted(examples, SHORT)

    def test_rare_classes_weigh_as_much_and_what_checks_is_not_learned_from(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lessons: list[Lesson] = []
        monkeypatch.setattr("lsal.models.transformers_text.learning.teach", lessons.append)
        shown = toy(texts, tmp_path, 90)
        for balance in (False, True):
            fitted([*shown[:2], *shown[::2]], {**SHORT, "balance": balance})
        assert lessons[0].loss.weights is None
        cat, dog, _ = lessons[1].loss.weights.tolist()
        assert dog > 4 * cat
        model = TransformersText(SINGLE, SHORT, seed=1)
        model.fit(shown, [], [], ignore)
        model.fit(shown[:12], [], shown[12:15], ignore)
        sizes = [(len(each.train[0]), len(each.check[0])) for each in lessons[2:]]
        assert sum(sizes[0]) == 90
        assert 5 <= sizes[0][1] <= 20
        assert sizes[1] == (12, 3)


def test_several_labels_each_by_itself(tmp_path: Path) -> None:
    shown = []
    for n in range(40):
        names = tuple(name for name, bit in (("cat", 1), ("dog", 2)) if n & bit)
        shown.append(Example(n, f"there is {' and '.join(names) or 'nothing'} number {n}", Labels(names)))
    model = fitted(shown[:32], {**LEARNS, "batch": 8, "epochs": 25}, control=MULTIPLE)
    assert right(model, shown[32:]) >= 7, "by chance it would be 2"
    assert max(one.chances[2, 1] for one in model.predict(shown[:4])) < 0.2, "nobody saw an eel"


def test_without_any_model_it_learns_all_the_same(examples: list[Example]) -> None:
    model = fitted(examples, {"epochs": 6, "batch": 4, "length": 16})
    assert right(model, examples) == 12
    assert TransformersText(SINGLE).embed(examples).shape[0] == 12, "words are counted instead"


def test_options_are_checked() -> None:
    for options, told in (
        ({"long": "fold"}, "Give cut or windows"),
        ({"length": 3}, "length"),
        ({"size": 1}, "no opt"),
    ):
        with pytest.raises(BadRequest, match=told):
            TransformersText(SINGLE, options)


@pytest.mark.gpu
def test_the_gpu_is_free_again(examples: list[Example]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    before, told = torch.cuda.memory_reserved(), list[Progress]()
    fitted(examples, SHORT, told.append)
    assert "on cuda:0" in told[-2].message
    assert torch.cuda.memory_reserved() <= before


def _short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """As if memory held no more than so many texts at a time while it trains; how many were taken."""
    whole, taken = lesson.ask, list[int]()

    def counted(module: Any, words: Any, given: Any, states: bool = False) -> Any:
        if module.training and len(given) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        taken.append(len(given))
        return whole(module, words, given, states)

    monkeypatch.setattr(lesson, "ask", counted)
    return taken
