"""Pages of documents: LayoutLMv3 from random weights on a few dozen of them, against the commonest label.

The set is a COCO folder whose annotations carry `text`. It is trained on a part of the training pages, and measured
on all test pages, on this machine's CPU. Each predicted region is checked: Label Studio's SDK has to take it, it has to
lie on the page, and to be the box around the words that it was made of.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from label_studio_sdk.label_interface import LabelInterface

from lsal import measuring
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.models import MODELS
from lsal.records import Box, Example, Layout, Page, Prediction, Progress, Region, Regions
from lsal.rehearsal.source import Source
from lsal.rehearsal.source import read_source as read_labelled
from lsal.sources import read_source
from lsal.testing.layouts import check_block

OVERLAP = 0.5


def main() -> None:
    """Train, then print a line for each figure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", type=Path, help="a folder with annotations_train.json and annotations_test.json")
    options.add_argument("--pages", type=int, default=40, help="to train on")
    options.add_argument("--epochs", type=int, default=8)
    options.add_argument("--size", type=int, default=112, help="pixels")
    options.add_argument("--length", type=int, default=512, help="tokens in one window")
    options.add_argument("--rate", type=float, default=5e-4)
    options.add_argument("--leading", type=float, default=0.2, help="0 where each line is a block")
    options.add_argument("--seed", type=int, default=0)
    run(options.parse_args())


def run(chosen: argparse.Namespace) -> None:
    """Train on the first pages of a seeded order and measure on the test pages."""
    given = read_labelled(chosen.source, "text", "label", family="layoutlmv3")
    pool, test = given.pool_and_test(chosen.seed)
    train = pool[: chosen.pages]
    how = {"size": chosen.size, "length": chosen.length, "epochs": chosen.epochs, "patience": 0}
    model = MODELS["layoutlmv3"](
        given.control, {**how, "learning_rate": chosen.rate, "leading": chosen.leading}, chosen.seed
    )
    begun = time.perf_counter()
    model.fit(train, train, [], quiet)
    seconds = time.perf_counter() - begun
    words = sum(len(one.target.words) for one in train if isinstance(one.target, Layout))
    print(f"{chosen.source.name}: {len(train)} pages with {words} words learned in {seconds:.0f} s", flush=True)
    begun = time.perf_counter()
    told = model.predict(test)
    print(f"{len(test)} test pages answered in {time.perf_counter() - begun:.1f} s")
    figures(given, test, told)
    regions(chosen.source, given, test, told)


def figures(given: Source, test: Sequence[Example], told: Sequence[Prediction]) -> None:
    """Word accuracy and F1, of the model and of who always gives the commonest label."""
    truth = measuring.truths(given.by, test)
    found = given.by.measure(measuring.answers(given.by, told, test), truth, given.control.labels)
    given_labels = Counter(label for words in truth.values() for label in words)
    label, count = given_labels.most_common(1)[0]
    always = {task: [label] * len(words) for task, words in truth.items()}
    naive = given.by.measure(always, truth, given.control.labels)
    for name, one in (("the model", found), (f"always '{label}'", naive)):
        low, high = one.interval
        accuracy = one.more["word accuracy"] or 0.0
        macro = sum(each.figures["F1"] or 0.0 for each in one.classes.values()) / len(one.classes)
        f1 = f"F1 {one.value:.3f} ({low:.3f} to {high:.3f}), mean over labels {macro:.3f}"
        print(f"  {name:16} word accuracy {accuracy:.3f}, {f1}")
    for name, each in found.classes.items():
        print(f"    {name:10} F1 {each.figures['F1']:.3f} of {each.tasks} words")
    assert (found.value or 0) > (naive.value or 0), "the commonest label does as well"
    assert count


def regions(path: Path, given: Source, test: Sequence[Example], told: Sequence[Prediction]) -> None:
    """Check each region, and count those that are where people drew one of the same label."""
    config = read_source(str(path), path).config
    interface = LabelInterface(config)
    ((control, kind),) = match(read_config(config).controls, {given.control.name: "layoutlmv3"})[0].values()
    shown = right = drawn = 0
    for example, one in zip(test, told, strict=True):
        assert isinstance(example.input, Page)
        assert isinstance(one.target, Layout)
        assert isinstance(example.target, Regions)
        result = kind.result(control, one, example)
        assert interface.validate_prediction({"result": result, "score": 0.5}, return_errors=True) == []
        covered = [check_block(region, one.target, example.input) for region in one.target.items]
        assert sorted({n for each in covered for n in each}) == [n for n, word in enumerate(one.target.words) if word]
        shown, drawn = shown + len(one.target.items), drawn + len(example.target.items)
        right += sum(any(same(region, true) for true in example.target.items) for region in one.target.items)
    print(f"  {shown} regions, all valid and around their words; {right} on one of the {drawn} that people drew")


def same(one: Region, other: Region) -> bool:
    """Whether two regions have one label and overlap by more than a half."""
    a, b = one.shape, other.shape
    if one.label != other.label or not isinstance(a, Box) or not isinstance(b, Box):
        return False
    across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    common = max(0.0, across) * max(0.0, down)
    return common / (a.width * a.height + b.width * b.height - common) > OVERLAP


def quiet(progress: Progress) -> None:
    """Nobody reads on."""


if __name__ == "__main__":
    main()
