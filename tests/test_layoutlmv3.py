"""The laws of models over the family `layoutlmv3`, and what is its own: windows, tokens, weights that are given."""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.errors import BadData, BadRequest
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.models.layoutlmv3 import LayoutLMv3
from lsal.models.layoutlmv3.finding import given_net, random_net, trained_tokenizer
from lsal.models.layoutlmv3.nets import Net, fitted_to
from lsal.models.layoutlmv3.windows import IGNORED, best_window, windows_of
from lsal.models.layoutlmv3.wishes import Wishes
from lsal.records import Box, Example, Layout, Page, Region, Regions
from lsal.rehearsal.source import read_source
from lsal.testing import LayoutModelContract
from lsal.testing.layouts import PAGES, check_block, page, page_example
from lsal.testing.materials import ignore

TINY = {"model": str(Path(__file__).parent / "architectures" / "tiny-layoutlmv3.json"), "patience": 0, "batch": 4}
LEARNS = {**TINY, "epochs": 40, "learning_rate": 0.01}
QUICK = {**TINY, "epochs": 1}


class TestPages(LayoutModelContract):
    model = LayoutLMv3
    options: ClassVar[Any] = LEARNS
    quick: ClassVar[Any] = {"epochs": 1}


@pytest.fixture(scope="module")
def net() -> Net:
    return random_net(Wishes(model=TINY["model"]), ["purrs", "meows", "barks", "growls"] * 20)


def long_page(words: int) -> Page:
    return Page(
        Path("page.png"), tuple(f"w{n}" for n in range(words)), tuple(Box(0, 0, n / 1000, 1) for n in range(words))
    )


class TestWindows:
    def test_each_word_is_whole_and_its_first_piece_alone_teaches(self, net: Net) -> None:
        (window,) = windows_of(Page(Path("p"), ("purrs", "é🙂", "", "x"), (Box(0.1, 0.2, 0.3, 0.4),) * 4), net, 0, 8)
        assert window.tokens[0] == net.tokenizer.cls_token_id
        assert window.tokens[-1] == net.tokenizer.sep_token_id
        assert window.boxes[0] == window.boxes[-1] == (0, 0, 0, 0)
        assert set(window.boxes[1:-1]) == {(100, 200, 400, 600)}
        assert len(window.firsts) == 4, "a word without pieces is one that is unknown"
        assert window.firsts[2] > window.firsts[1] + 1, "bytes of what was never seen are pieces of their own"
        targets = window.targets([3, 2, 1, 0])
        assert [targets[first] for first in window.firsts] == [3, 2, 1, 0]
        assert sum(target != IGNORED for target in targets) == 4

    @pytest.mark.parametrize(("length", "overlap"), [(16, 0), (16, 8), (32, 100), (0, 8)])
    def test_a_long_page_is_cut_into_windows_that_share_words(self, net: Net, length: int, overlap: int) -> None:
        windows = windows_of(long_page(200), net, length, overlap)
        assert all(len(window.tokens) <= (length or net.length) for window in windows)
        assert [word for window in windows for word in window.words] == sorted(
            word for window in windows for word in window.words
        ) or overlap
        assert {word for window in windows for word in window.words} == set(range(200))
        best = best_window(windows, 200)
        assert all(word in windows[best[word]].words for word in range(200))
        if overlap:
            shared = set(windows[0].words) & set(windows[1].words)
            assert shared
            assert best[max(shared)] == 1, "the word at the end of one stands in the middle of the next"

    def test_a_page_without_words_has_none(self, net: Net) -> None:
        assert windows_of(long_page(0), net, 0, 8) == []

    def test_a_page_in_windows_is_learned_and_told_word_by_word(self, tmp_path: Path) -> None:
        examples = [page_example(tmp_path, number) for number in range(12)]
        model = LayoutLMv3(PAGES, {**LEARNS, "length": 16, "overlap": 8, "epochs": 60})
        model.fit(examples, examples, [], ignore)
        told = model.predict(examples)
        assert all(one.chances.shape == (7, 4) for one in told)
        right = sum(one.target.words == e.target.words for one, e in zip(told, examples, strict=True))
        assert right >= 8


class TestNets:
    def test_the_tokenizer_is_the_same_for_the_same_words(self) -> None:
        words = ["invoice", "number", "total", "total"] * 10
        one, other = trained_tokenizer(words), trained_tokenizer(reversed(words))
        assert one.get_vocab() == other.get_vocab()
        assert len(one("total", add_special_tokens=False)["input_ids"]) == 1

    def test_a_folder_of_weights_is_begun_from_also_by_other_labels(self, net: Net, tmp_path: Path) -> None:
        """Those that learned where an entity begins and goes on know the label by itself."""
        from lsal.models.layoutlmv3.nets import HEAD, write_net

        names = ("O", "B-dog", "I-dog", "B-cow")
        module = HEAD.fitted(net.module, (), names)
        write_net(Net(module, net.processor, net.tokenizer, names), tmp_path)
        read = given_net(Wishes(model=str(tmp_path)))
        assert read is not None
        assert read.names == names
        fitted = fitted_to(read, PAGES)
        assert fitted.names == ("cat", "dog", "eel", "")
        given, made = (one.state_dict()["classifier.weight"] for one in (read.module, fitted.module))
        assert (made[1] == given[1]).all()
        assert (made[3] == given[0]).all()
        assert not (made[0] == given[0]).all()

    def test_what_is_not_here_or_is_something_else_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(BadRequest, match="There is no LayoutLMv3 'nobody/nothing' here"):
            given_net(Wishes(model="nobody/nothing"))
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "layoutlmv3", "hidden_size": 50}))
        with pytest.raises(BadRequest, match="No network can be built"):
            random_net(Wishes(model=str(tmp_path)), ["a"])
        for options in ({"size": 50}, {"length": 3}, {"no_such": 1}, {"leading": -1}):
            with pytest.raises(BadRequest, match="layoutlmv3"):
                LayoutLMv3(PAGES, options)


def test_a_label_that_the_control_does_not_have_is_named(tmp_path: Path) -> None:
    shown = page(tmp_path, "cat", 0)
    target = Regions((Region("cow", Box(0, 0, 1, 1)),))
    with pytest.raises(BadData, match="no label 'cow', only: cat, dog, eel"):
        LayoutLMv3(PAGES, QUICK).fit([Example(1, shown, target)], [], [], ignore)


def test_images_without_words_are_said_to_be_the_reason(tmp_path: Path) -> None:
    shown = page(tmp_path, "cat", 0)
    with pytest.raises(BadData, match="an image without words"):
        LayoutLMv3(PAGES, QUICK).fit([Example(1, shown.image, Regions())], [], [], ignore)


def test_it_goes_on_from_an_earlier_version(tmp_path: Path) -> None:
    examples = [page_example(tmp_path, number) for number in range(12)]
    first = LayoutLMv3(PAGES, LEARNS)
    first.fit(examples, examples, [], ignore)
    (tmp_path / "kept").mkdir()
    first.save(tmp_path / "kept")
    second = LayoutLMv3(PAGES, {**QUICK, "learning_rate": 1e-6})
    second.begin_from(tmp_path / "kept")
    second.fit(examples[:3], examples, [], ignore)
    told = second.predict(examples)
    assert sum(one.target.words == e.target.words for one, e in zip(told, examples, strict=True)) >= 9
    vectors = second.embed([*examples, Example(9, None)])
    assert np.linalg.norm(vectors, axis=1)[:-1] == pytest.approx(1, abs=1e-5)
    assert not vectors[-1].any()


@pytest.mark.data
def test_pages_of_forms_train_through_it(shared_data: Path) -> None:
    """What it predicts passes the SDK and lies where the words are."""
    from label_studio_sdk.label_interface import LabelInterface

    given = read_source(shared_data / "funsd", "text", "label", family="layoutlmv3")
    pool, test = given.pool_and_test(0)
    model = LayoutLMv3(given.control, {**TINY, "epochs": 3, "length": 64, "overlap": 0, "learning_rate": 0.003})
    model.fit(pool[:3], pool[:3], [], ignore)
    labels = "".join(f'<Label value="{label}"/>' for label in given.control.labels)
    config = f'<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">{labels}'
    interface = LabelInterface(f"{config}</RectangleLabels></View>")
    ((control, kind),) = match(read_config(f"{config}</RectangleLabels></View>").controls, {"label": model.family})[
        0
    ].values()
    for example, told in zip(test[:3], model.predict(test[:3]), strict=True):
        assert isinstance(told.target, Layout)
        result = kind.result(control, told, example)
        assert interface.validate_prediction({"result": result, "score": 0.5}, return_errors=True) == []
        held = [n for region in told.target.items for n in check_block(region, told.target, example.input)]
        assert set(held) == {n for n, label in enumerate(told.target.words) if label}
