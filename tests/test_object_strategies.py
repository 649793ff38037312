"""Which images with objects come first: doubt per box, variety, a quota for empty ones, and second looks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from yolo_toys import BOXES, CLASSES_OF_IMAGES

from lsal.errors import BadRequest
from lsal.models.yolo import Yolo
from lsal.models.yolo.mirrored import disagreement
from lsal.models.yolo.reading import Found
from lsal.predicting import twice
from lsal.records import Control, Example, Pool
from lsal.rehearsal import replay
from lsal.strategies import STRATEGIES
from lsal.strategies.objects import box_doubt
from lsal.strategies.pools import start_pool
from lsal.testing import regions
from lsal.testing.materials import CLASSES, SINGLE, ignore, images, texts, toy
from lsal.testing.regions import example_of

SURE, TORN, NOTHING = (0.98, 0.01, 0.01), (0.34, 0.33, 0.33), (0.02, 0.01, 0.97)


def pool(*images: list[tuple[float, ...]], **more: object) -> Pool:
    """Images, each the chances of its boxes: cat, dog, none."""
    rows = [row for image in images for row in image]
    return Pool(
        task_ids=np.arange(len(images)) + 100,
        chances=np.array(rows, np.float32).reshape(-1, 3),
        offsets=np.concatenate([[0], np.cumsum([len(image) for image in images])]),
        seen=np.array([20, 20]),
        objects=True,
        **more,
    )


class TestDoubt:
    def test_the_more_torn_the_more_doubt(self):
        doubt = box_doubt(pool([SURE], [TORN], []))
        assert doubt[1] > doubt[0] > doubt[2] == 0

    def test_many_boxes_do_not_win_by_their_number(self):
        few, many = box_doubt(pool([TORN], [TORN] * 60))
        assert few == pytest.approx(many)

    def test_the_ten_most_doubtful_boxes_count(self):
        crowd, alone = box_doubt(pool([TORN] * 10 + [SURE] * 50, [TORN]))
        assert crowd == pytest.approx(alone)

    def test_a_difficult_class_counts_more(self):
        dog, cat = (0.1, 0.6, 0.3), (0.6, 0.1, 0.3)
        doubt = box_doubt(pool([cat], [dog], [(0.05, 0.48, 0.47)] * 5, [SURE] * 5))
        assert doubt[1] > doubt[0], "the same entropy, of a class about which the model is doubtful altogether"


class TestBatches:
    def test_a_tenth_at_most_shows_nothing(self):
        many = pool(*[[TORN]] * 50, *[[]] * 150)
        for name in ("object_doubt", "flip_disagreement"):
            asked = STRATEGIES[name]
            picks = asked(with_looks(many, np.full(200, 0.5)), 40)
            assert (picks.parts["boxes"] == 0).sum() == 4, name
            assert "4 in which nothing was found" in picks.why

    def test_mean_confidence_is_headed_by_images_that_show_nothing(self):
        picks = STRATEGIES["mean_confidence"](pool(*[[TORN]] * 20, *[[]] * 20), 10)
        assert (picks.positions >= 20).all()

    def test_a_batch_varies_where_the_top_is_all_alike(self):
        places = np.repeat(np.eye(4, 8, dtype=np.float32), 25, axis=0)
        doubtful = pool(*[[TORN]] * 100, embeddings=places)
        picked = STRATEGIES["object_doubt"](doubtful, 4).positions
        assert len({int(place) // 25 for place in picked}) == 4


class TestAuto:
    def test_it_begins_at_random_as_the_baseline_does(self):
        start = start_pool(range(60), regions.BOXES, np.eye(60, dtype=np.float32), seed=3)
        random = STRATEGIES["random"](start, 12).positions
        for name in ("auto", "object_doubt", "mean_confidence", "flip_disagreement"):
            assert set(STRATEGIES[name](start, 12).positions) == set(random), name
        assert "nothing is labelled yet" in STRATEGIES["auto"](start, 12).why

    @pytest.mark.parametrize(
        ("sure", "drawn", "told"),
        [(10, 20, "a random draw: the model is sure of an object in 25%"), (30, 20, "doubtful"), (10, 8, "doubtful")],
    )
    def test_it_asks_for_doubt_once_the_model_sees(self, sure, drawn, told):
        """Sure in so many of 40 images, and people drew something in so many of 20."""
        classes = np.where(np.arange(20) < drawn, 0, -1)
        seen = pool(*[[SURE, TORN]] * sure, *[[TORN]] * (40 - sure), labelled_classes=classes)
        assert told in STRATEGIES["auto"](seen, 5).why

    def test_ten_images_are_labelled_first(self):
        few = pool(*[[SURE]] * 40, labelled_classes=np.zeros(9, np.int64), labelled_embeddings=np.ones((9, 2)))
        few = replace(few, seen=np.array([5, 4]))
        assert "9 labelled images so far, 10 wanted first" in STRATEGIES["auto"](few, 5).why


def with_looks(one: Pool, disagreement: np.ndarray) -> Pool:
    return replace(one, disagreement=disagreement.astype(np.float32))


def found(*boxes: tuple[float, ...], chances: tuple[tuple[float, ...], ...]) -> Found:
    """Boxes as left, top, right, bottom."""
    return Found(np.array(boxes, np.float32).reshape(-1, 4), np.array(chances, np.float32), np.zeros(2, np.float32))


class TestSecondLooks:
    LEFT, RIGHT, FAR = (0.1, 0.2, 0.3, 0.6), (0.7, 0.2, 0.9, 0.6), (0.1, 0.7, 0.3, 0.9)

    def test_found_again_where_it_belongs_is_no_disagreement(self):
        one, other = found(self.LEFT, chances=((0.8, 0.1),)), found(self.RIGHT, chances=((0.8, 0.1),))
        assert disagreement(one, other) == pytest.approx(0, abs=1e-6)

    def test_elsewhere_or_of_another_class_is(self):
        one = found(self.LEFT, chances=((0.8, 0.1),))
        assert disagreement(one, found(self.LEFT, chances=((0.8, 0.1),))) == 1
        assert disagreement(one, found(chances=np.zeros((0, 2)))) == 1
        assert 0.7 < disagreement(one, found(self.RIGHT, chances=((0.1, 0.8),))) < 1

    def test_a_doubtful_box_that_is_missing_counts_less_than_a_sure_one(self):
        mirrored = found(self.RIGHT, chances=((0.8, 0.1),))
        little = disagreement(found(self.LEFT, self.FAR, chances=((0.8, 0.1), (0.1, 0.05))), mirrored)
        much = disagreement(found(self.LEFT, self.FAR, chances=((0.8, 0.1), (0.9, 0.05))), mirrored)
        assert 0 < little < 0.1 < much < 0.6

    def test_nothing_in_both_is_no_disagreement(self):
        nothing = found(chances=np.zeros((0, 2)))
        assert disagreement(nothing, nothing) == 0

    def test_the_largest_disagreement_comes_first(self):
        looked = with_looks(pool(*[[TORN]] * 30), np.linspace(0, 1, 30))
        picks = STRATEGIES["flip_disagreement"](looked, 5)
        assert (np.diff(picks.scores) <= 0).all()
        assert (picks.positions >= 10).all(), "of the 20 largest, those that differ"

    def test_a_network_that_was_taught_one_side_disagrees_about_the_other(self, tmp_path: Path):
        examples = [example_of(tmp_path, regions.BOXES, number) for number in range(12)]
        model = Yolo(regions.BOXES, BOXES)
        model.fit(examples, [], [], ignore)
        usual, looked = model.predict(examples), twice(model, [*examples, Example(7, None, problem="gone")])
        assert [one.target for one in looked[:12]] == [one.target for one in usual]
        assert all(one.disagreement is None for one in usual)
        apart = [one.disagreement for one in looked]
        assert all(0 <= each <= 1 for each in apart)
        assert apart[-1] == 0
        symmetric = tmp_path / "grey.png"
        Image.new("RGB", (64, 64), (100, 100, 100)).save(symmetric)
        assert twice(model, [Example(8, symmetric)])[0].disagreement < 0.05

    def test_classes_of_images_have_a_second_look_too(self, tmp_path: Path):
        control = Control("c", "x", "Choices", "Image", "image", CLASSES)
        examples = toy(images, tmp_path)
        model = Yolo(control, CLASSES_OF_IMAGES)
        model.fit(examples, [], [], ignore)
        apart = {name: [] for name in ("cat", "dog")}
        for one, told in zip(examples, twice(model, examples), strict=True):
            apart[one.target.names[0]].append(told.disagreement)
        assert np.mean(apart["cat"]) > np.mean(apart["dog"]), "bright on the left mirrors into a dark left"

    def test_a_family_without_one_is_refused_by_name(self, tmp_path: Path):
        examples = toy(texts, tmp_path)
        with pytest.raises(BadRequest, match="sklearn_text does not look at its input a second time") as told:
            replay(examples, examples, SINGLE, "sklearn_text", STRATEGIES["flip_disagreement"], 4, 2, 8)
        assert "lsal set strategy=" in told.value.fix
