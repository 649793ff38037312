"""Average precision against the library's own summary and by hand, its intervals, and comparisons in pairs."""

import numpy as np
import pytest

from lsal.brushes import brush_of
from lsal.measuring import wilson
from lsal.measuring.objects import BOXES, MASKS
from lsal.records import Box, Polygon, Region, Regions, Shape

LABELS = ("cat", "dog", "cow")
SIZE = (640, 480)


def image(*regions: tuple[str, Shape, float | None]) -> object:
    return BOXES.plain(Regions(tuple(Region(*one) for one in regions), SIZE))


def one(label: str, score: float | None = None, x: float = 0.1, side: float = 0.2) -> tuple[str, Box, float | None]:
    return label, Box(x, 0.1, side, side), score


def toy(count: int = 24, wrong: int = 0) -> tuple[dict[str, object], dict[str, object]]:
    """What people drew, and answers of which the first `wrong` are wrong about the dog."""
    truth = {str(n): image(one("cat"), one("dog", x=0.6)) for n in range(count)}
    said = {str(n): image(one("cat", 0.9), one("dog", 0.8, x=0.6 if n >= wrong else 0.3)) for n in range(count)}
    return truth, said


def test_all_right_is_one_and_the_interval_is_no_wider_than_so_many_images_allow() -> None:
    truth, said = toy(24)
    found = BOXES.measure(said, truth, LABELS)
    assert (found.value, found.interval, found.tasks) == (pytest.approx(1.0), wilson(24, 24), 24)
    assert found.unseen == ("cow",)
    assert {label: one.tasks for label, one in found.classes.items()} == {"cat": 24, "dog": 24}
    assert found.facts()["measured_on"].startswith("24 tasks of the fixed random order")
    assert found.facts()["mAP50"] == found.value


def test_the_mean_is_over_classes_and_thresholds() -> None:
    truth, said = toy(24, wrong=12)
    found = BOXES.measure(said, truth, LABELS)
    dog = found.classes["dog"].figures["AP50"]
    assert dog is not None
    assert found.classes["cat"].figures["AP50"] == pytest.approx(1.0)
    assert found.value == pytest.approx((1 + dog) / 2)
    assert 0 < dog < 0.7
    low, high = found.interval
    assert low < found.value < high
    assert high - low > 0.05
    shifted = {task: image(one("cat", 0.9, x=0.13), one("dog", 0.8, x=0.63)) for task in truth}
    loose = BOXES.measure(shifted, truth, LABELS)  # an overlap of .74: found at .50 to .70, missed from .75 on
    assert loose.value == pytest.approx(1.0)
    assert loose.more["mAP50-95"] == pytest.approx(0.5)


def test_it_is_the_library_s_own_figure_on_random_boxes() -> None:
    from faster_coco_eval import COCO, COCOeval_faster

    draw, truth, said = np.random.default_rng(0), {}, {}
    for n in range(40):
        boxes = draw.uniform(0, 0.6, (draw.integers(0, 9), 4))
        given = [(LABELS[int(draw.integers(3))], Box(x, y, w + 0.05, h + 0.05), None) for x, y, w, h in boxes]
        moved = [
            (label, Box(b.x + draw.normal() * 0.03, b.y, b.width, b.height), float(draw.random()))
            for label, b, _ in given
        ]
        extra = [("cat", Box(*draw.uniform(0, 0.5, 4)), float(draw.random()) / 2)]
        truth[str(n)], said[str(n)] = image(*given), image(*moved, *extra)
    found = BOXES.measure(said, truth, LABELS)
    rows: dict[str, list[dict[str, object]]] = {"truth": [], "said": []}
    for name, told in (("truth", truth), ("said", said)):
        for n, key in enumerate(told):
            for region in told[key]["regions"]:  # type: ignore[index]
                x, y, w, h, _ = region["box"]
                right, bottom = min(1, x + w), min(1, y + h)
                left, top = max(0, x), max(0, y)
                rows[name].append(
                    {
                        "id": len(rows[name]) + 1,
                        "image_id": n,
                        "category_id": LABELS.index(region["label"]),
                        "bbox": [left * 512, top * 512, (right - left) * 512, (bottom - top) * 512],
                        "area": (right - left) * (bottom - top) * 512**2,
                        "iscrowd": 0,
                        **({"score": region["score"]} if name == "said" else {}),
                    }
                )
    images = [{"id": n, "width": 512, "height": 512} for n in range(40)]
    sorts = [{"id": n, "name": label} for n, label in enumerate(LABELS)]
    known, told = (
        COCO({"images": images, "categories": sorts, "annotations": rows[name]}, print_function=lambda *_: None)
        for name in ("truth", "said")
    )
    evaluation = COCOeval_faster(known, told, "bbox", print_function=lambda *_: None)
    evaluation.run()
    assert found.more["mAP50-95"] == pytest.approx(evaluation.stats[0], abs=1e-9)
    assert found.value == pytest.approx(evaluation.stats[1], abs=1e-9)


def test_masks_are_compared_by_their_pixels_whatever_draws_them() -> None:
    square = np.zeros((48, 64), bool)
    square[12:24, 16:32] = True
    corners = ((0.25, 0.25), (0.5, 0.25), (0.5, 0.5), (0.25, 0.5))
    truth = {str(n): MASKS.plain(Regions((Region("cat", brush_of(square)),), (64, 48))) for n in range(8)}
    outline = Regions((Region("cat", Polygon(corners), 0.9),), (64, 48))
    found = MASKS.measure(dict.fromkeys(truth, MASKS.plain(outline)), truth, LABELS)
    assert found.metric == "mask mAP50"
    assert found.value == pytest.approx(1.0)
    overlap = found.more["mean IoU"]
    assert overlap is not None
    assert overlap > 0.97
    half = Regions((Region("cat", Polygon(((0.25, 0.25), (0.375, 0.25), (0.375, 0.5), (0.25, 0.5))), 0.9),), (64, 48))
    assert (MASKS.measure(dict.fromkeys(truth, MASKS.plain(half)), truth, LABELS).more["mask mAP50-95"] or 0) < 0.2


def test_turned_boxes_count_by_the_upright_box_around_them() -> None:
    turned = {"1": image(("cat", Box(0.5, 0.1, 0.2, 0.2, 90.0), None))}
    upright = {"1": image(("cat", Box(0.35, 0.1, 0.15, 0.2667), 0.9))}
    assert BOXES.measure(upright, turned, LABELS).value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first", "second", "verdict"), [(12, 0, "better"), (0, 12, "worse"), (5, 5, "cannot tell yet")]
)
def test_a_comparison_is_in_pairs_and_says_what_changed(first: int, second: int, verdict: str) -> None:
    (truth, old), (_, new) = toy(30, wrong=first), toy(30, wrong=second)
    told = BOXES.compare(old, new, truth, LABELS)
    assert (told.verdict, told.tasks) == (verdict, 30)
    assert (told.gained, told.lost) == (max(0, first - second), max(0, second - first))
    assert str(told).startswith(f"{verdict}: mAP50 {told.gain:+.3f}")


def test_a_few_images_never_make_a_clear_difference() -> None:
    (truth, old), (_, new) = toy(5, wrong=0), toy(5, wrong=5)
    told = BOXES.compare(old, new, truth, LABELS)
    assert (told.lost, told.verdict) == (5, "cannot tell yet")
    assert told.p >= 2**-4


def test_equal_versions_are_seldom_called_worse() -> None:
    """Both are wrong about a dog as often: at most 1 of 40 is held, give or take."""
    draw, held = np.random.default_rng(0), 0
    truth, right = toy(30)
    _, wrong = toy(30, wrong=30)
    for _ in range(60):
        old, new = ({t: (wrong if draw.random() < 0.3 else right)[t] for t in truth} for _ in range(2))
        held += BOXES.compare(old, new, truth, LABELS).verdict == "worse"
    assert held <= 5


def test_where_nothing_is_to_be_found_nothing_shown_is_right() -> None:
    assert BOXES.quality(image(), image()) == 1.0
    assert BOXES.quality(image(one("cat", 0.1)), image()) == 1.0
    assert BOXES.quality(image(one("cat", 0.9)), image()) == 0.0
    assert BOXES.quality(image(), image(one("cat"))) == 0.0


def test_nothing_at_all_is_measured_as_nothing() -> None:
    empty = BOXES.measure({}, {}, LABELS)
    assert (empty.value, empty.interval, empty.tasks) == (None, (0.0, 1.0), 0)
    truth = {"1": image(), "2": image()}
    blank = BOXES.measure(truth, truth, LABELS)
    assert (blank.value, blank.interval, blank.tasks) == (None, (0.0, 1.0), 2)
    assert BOXES.compare(truth, truth, truth, LABELS).verdict == "cannot tell yet"


def test_answers_read_as_counts() -> None:
    assert BOXES.named(image(one("cat", 0.9), one("cat", 0.8), one("dog", 0.3), one("dog", 0.1))) == "2 cat, 1 dog"
    assert BOXES.named(image(one("", 0.9))) == "1 no class"
    assert BOXES.named(image()) == "nothing"
