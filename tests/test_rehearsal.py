"""Rehearsal: replays are fair and repeatable, the verdict is honest, and `auto` earns its place on real data."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lsal.errors import BadData, BadRequest, Cancelled
from lsal.rehearsal import Curve, rehearse, replay
from lsal.rehearsal.source import read_source
from lsal.rehearsal.verdict import conclude
from lsal.strategies import STRATEGIES

DATA = Path(__file__).parents[2] / "shared" / "data"
AGAINST = ("auto", "random")
TOPICS = {"sea": "wave salt boat tide fish", "sky": "cloud wind bird star rain", "soil": "worm root clay seed stone"}


def rows(n=240, split=True, seed=0):
    """Short texts of three topics, the last fifth of them for testing."""
    draw = np.random.default_rng(seed)
    made = []
    for i in range(n):
        topic = list(TOPICS)[draw.integers(3)]
        text = " ".join([*draw.choice(TOPICS[topic].split(), 3), *draw.choice(["the", "a", "of", "on", "by"], 4)])
        made.append({"text": text, "label": topic} | ({"split": "test" if i >= 0.8 * n else "train"} if split else {}))
    return made


def small(source, **more):
    return rehearse(source, **{"strategies": AGAINST, "start": 5, "batch": 5, "budget": 20, "seeds": 2} | more)


def untimed(rehearsal):
    return [{k: v for k, v in result.items() if k != "query_seconds"} for result in rehearsal.results]


def test_the_json_has_results_summary_and_verdict():
    told = json.loads(small(rows()).to_json())
    assert set(told) == {"results", "summary", "verdict"}
    assert [(r["strategy"], r["seed"]) for r in told["results"]] == [
        ("auto", 0),
        ("auto", 1),
        ("random", 0),
        ("random", 1),
    ]
    for result in told["results"]:
        assert set(result) == {"strategy", "seed", "labels", "metric", "query_seconds"}
        assert result["labels"] == [5, 10, 15, 20]
        assert len(result["metric"]) == len(result["query_seconds"]) == 4
    assert told["summary"][0]["measured_on"] == "accuracy on 48 tasks that were never in the pool"
    assert told["summary"][0]["metric"] == pytest.approx(np.mean([r["metric"][-1] for r in told["results"][:2]]))


def test_the_same_source_gives_the_same_curves():
    assert untimed(small(rows())) == untimed(small(rows()))


class Stopped(Exception):
    """Stands for a machine that was switched off."""


def test_it_goes_on_where_it_was_stopped(tmp_path):
    wanted, trainings = untimed(small(rows())), []

    def off(progress):
        trainings.append(progress.message)
        if len(set(trainings)) == 2:  # within the second strategy
            raise Stopped

    for _ in range(3):  # each time a little further
        with contextlib.suppress(Stopped):
            small(rows(), keep=tmp_path, report=off)
        trainings.clear()
    assert untimed(small(rows(), keep=tmp_path)) == wanted
    assert len(list(tmp_path.iterdir())) == 4
    heard = []
    assert untimed(small(rows(), keep=tmp_path, report=heard.append)) == wanted
    assert not heard, "nothing was trained again"


def test_what_was_kept_is_not_made_again(tmp_path):
    source = read_source(rows(), "text", "label")
    pool, test = source.pool_and_test(0)

    def run(budget_seen):
        def off(progress):
            if progress.done >= budget_seen:
                raise Stopped

        return replay(pool, test, source.control, "sklearn_text", STRATEGIES["auto"], 5, 5, 20, 0, off, kept=kept)

    kept = tmp_path / "curve"
    with pytest.raises(Stopped):
        run(15)
    made = json.loads((kept / "points.json").read_text())
    assert made["labels"] == [5, 10]
    made["metric"] = [0.125, 0.25]
    (kept / "points.json").write_text(json.dumps(made))
    curve = run(99)
    assert [path.name for path in kept.iterdir()] == ["points.json"], "weights that nothing begins with are not kept"
    assert curve.metric[:2] == [0.125, 0.25], "what was kept stays as it is"
    assert curve.labels == [5, 10, 15, 20]
    whole = replay(pool, test, source.control, "sklearn_text", STRATEGIES["auto"], 5, 5, 20)
    assert curve.picked == whole.picked
    assert curve.metric[2:] == whole.metric[2:]


@pytest.mark.parametrize(
    "change", [{"batch": 6}, {"budget": 21}, {"options": {"strength": 2.0}}, {"seeds": 3}, "label"]
)
def test_points_of_another_rehearsal_are_not_taken(tmp_path, change):
    small(rows(), keep=tmp_path)
    before, made = {path: path.read_bytes() for path in tmp_path.rglob("points.json")}, rows()
    if change == "label":
        made[3]["label"] = "sky" if made[3]["label"] != "sky" else "sea"
        change = {}
    assert untimed(small(made, keep=tmp_path, **change)) == untimed(small(made, **change))
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(tmp_path.iterdir())) > len(before)


def test_files_of_all_formats_and_rows_agree(tmp_path):
    made = rows()
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    (tmp_path / "x.csv").write_text("text,label,split\n" + "".join(",".join(row.values()) + "\n" for row in made))
    wanted = untimed(small(made))
    assert untimed(small(tmp_path / "x.jsonl")) == wanted
    assert untimed(small(tmp_path / "x.csv")) == wanted
    (tmp_path / "x.ndjson").write_text((tmp_path / "x.jsonl").read_text())
    (tmp_path / "x.TSV").write_text((tmp_path / "x.csv").read_text().replace(",", "\t"))
    assert untimed(small(tmp_path / "x.ndjson")) == wanted
    assert untimed(small(tmp_path / "x.TSV")) == wanted


def test_values_are_rehearsed_as_they_were_written(tmp_path):
    made = [{"date": "2026-01-02", "label": 1}, {"date": "007", "label": 0}, {"date": "NA"}, {"label": 1, "date": None}]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(row) for row in made))
    for given in (made, tmp_path / "x.jsonl"):
        source = read_source(given, "date", "label")
        assert [example.input for example in source.examples] == ["2026-01-02", "007", ""]
        assert source.control.labels == ("0", "1")


def test_without_a_split_each_seed_holds_out_its_own_fifth():
    source = read_source(rows(split=False), "text", "label")
    (pool, test), (_, other) = source.pool_and_test(0), source.pool_and_test(1)
    assert (len(pool), len(test)) == (192, 48)
    assert not {e.task_id for e in pool} & {e.task_id for e in test}
    assert {e.task_id for e in test} != {e.task_id for e in other}


def test_the_budget_ends_with_the_pool():
    assert small(rows(30), budget=500).results[0]["labels"] == [5, 10, 15, 20, 24]


def test_a_strategy_that_asks_for_uncertainty_shares_the_baselines_start():
    results = small(rows(), strategies=["margin", "random"], seeds=1).results
    assert results[0]["metric"][0] == results[1]["metric"][0]


def test_an_oracle_reveals_only_what_was_picked():
    source = read_source(rows(), "text", "label")
    pool, test = source.pool_and_test(0)
    asked = []

    def watching(given, n):
        asked.append((given.seen.sum(), 0 if given.labelled_classes is None else len(given.labelled_classes)))
        return STRATEGIES["random"](given, n)

    replay(pool, test, source.control, "sklearn_text", watching, 5, 5, 20)
    assert asked == [(0, 0), (5, 5), (10, 10), (15, 15)]
    hidden = [replace(example, target=None) for example in test]
    curve = replay(pool, hidden, source.control, "sklearn_text", STRATEGIES["auto"], 5, 5, 20)
    assert curve.metric == [0, 0, 0, 0]


def test_images_are_files_beside_the_table(tmp_path):
    draw, lines = np.random.default_rng(0), ["file,label"]
    for i in range(40):
        picture = draw.integers(0, 40, (16, 16, 3)).astype(np.uint8)
        (picture[:8] if i % 2 else picture[:, :8])[:] += 200
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{i % 2}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    told = small(tmp_path / "labels.csv", input="file", family="image_features", budget=15)
    assert told.summary[0]["metric"] == 1


def test_it_reports_and_can_be_cancelled():
    heard = []
    small(rows(), report=heard.append)
    assert {p.total for p in heard} == {4}
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert "auto, seed 0" in heard[0].message

    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        small(rows(), report=stop)


def test_what_cannot_be_rehearsed_is_said(tmp_path):
    with pytest.raises(BadData, match="no column 'body', only: text, label, split"):
        small(rows(), input="body")
    with pytest.raises(BadData, match="holds 1 classes"):
        small([{"text": "x", "label": "y"}] * 9)
    with pytest.raises(BadData, match="There is no"):
        small(tmp_path / "absent.csv")
    (tmp_path / "x.jsonl").write_text("{not json")
    with pytest.raises(BadData, match="cannot be read"):
        small(tmp_path / "x.jsonl")
    with pytest.raises(BadRequest, match="No strategy is called 'best'"):
        small(rows(), strategies=["best"])
    with pytest.raises(BadRequest, match="batch 0"):
        small(rows(), batch=0)
    with pytest.raises(BadRequest, match=r"No version can reach 90"):
        small(rows(), target=90)
    with pytest.raises(BadRequest, match="-1 workers"):
        small(rows(), workers=-1)
    with pytest.raises(BadRequest, match=r"'yolo' does not learn Choices on Text"):
        small(rows(), family="yolo")


def curves(*ends):
    return [Curve([5, 25], [0.5, end], [0.0, 0.0]) for end in ends]


def verdict(auto, random):
    return conclude({"auto": curves(*auto), "random": curves(*random)}, "accuracy").verdict


def test_the_verdict_says_above_below_nothing_or_cannot_tell():
    assert "auto is above random (+10.0 points [+" in verdict([0.91, 0.9, 0.89], [0.81, 0.8, 0.79])
    assert "auto is below random" in verdict([0.7, 0.7, 0.71], [0.81, 0.8, 0.79])
    assert "No difference between auto and random is measurable" in verdict([0.9, 0.7, 0.8], [0.8, 0.8, 0.79])
    assert "No difference" in verdict([0.8, 0.8], [0.8, 0.8])
    assert "one seed cannot tell" in verdict([0.9], [0.8])
    assert "Nothing to compare" in conclude({"auto": curves(0.9)}, "accuracy").verdict


def test_the_verdict_names_the_figure_it_speaks_of():
    made = {"auto": curves(0.91, 0.9, 0.89), "random": curves(0.81, 0.8, 0.79)}
    told = conclude(made, "mAP50", "9 tasks")
    assert "auto is above random (+10.0 points of mAP50 [+" in told.verdict
    assert {(row["measure"], row["measured_on"]) for row in told.summary} == {("mAP50", "mAP50 on 9 tasks")}
    one = conclude({"auto": curves(0.9), "random": curves(0.8)}, "mAP50")
    assert "auto ended +10.0 points of mAP50 from random" in one.verdict


def test_the_interval_of_a_figure_stays_where_the_figure_can_be():
    summary = conclude({"random": [Curve([5], [0.99], [0.0]), Curve([5], [0.8], [0.0])]}).summary[0]
    assert summary["interval"][1] == 1.0
    assert 0.0 <= summary["interval"][0] < 0.895


def test_the_interval_is_students_of_the_paired_differences():
    gaps = np.array([10.0, 12.0, 14.0])
    told = verdict([0.6, 0.72, 0.84], [0.5, 0.6, 0.7])
    half = 4.302653 * gaps.std(ddof=1) / np.sqrt(3)
    assert f"[{12 - half:+.1f}, {12 + half:+.1f}]" in told


def test_labels_saved_are_counted_on_the_mean_curve():
    quick = [Curve([5, 15, 25], [0.5, 0.9, 0.95], [0.0])] * 2
    slow = [Curve([5, 15, 25], [0.5, 0.6, 0.8], [0.0])] * 2
    told = conclude({"auto": quick, "random": slow}, "accuracy")
    assert [row["labels_to_baseline"] for row in told.summary] == [15, 25]
    assert "auto saves 50 % ± 0 % of the labels to reach random's 0.800 (12 against 25)" in told.verdict
    assert told.summary[0]["area"] == pytest.approx((0.7 + 0.925) / 2)


def ends(rehearsal, name):
    return next(row for row in rehearsal.summary if row["strategy"] == name)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")
def test_sms_spam_auto_is_three_points_above_random_at_125_labels():
    told = rehearse(DATA / "sms_spam" / "tasks.jsonl", strategies=AGAINST, budget=125, seeds=5)
    assert ends(told, "auto")["metric"] - ends(told, "random")["metric"] >= 0.03
    assert ends(told, "auto")["metric"] >= 0.96
    assert "auto is above random" in told.verdict


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")
def test_trec6_auto_is_not_below_random():
    told = rehearse(DATA / "trec6" / "tasks.jsonl", strategies=AGAINST, budget=225)
    assert ends(told, "auto")["area"] >= ends(told, "random")["area"] + 0.02
    assert "over the whole curve +" in told.verdict
    assert ends(told, "auto")["metric"] >= ends(told, "random")["metric"]


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")
def test_sign_digits_are_learned_from_pictures():
    told = rehearse(
        DATA / "sign_digits" / "labels.csv",
        input="file",
        strategies=AGAINST,
        family="image_features",
        batch=50,
        budget=225,
        seeds=2,
    )
    assert ends(told, "auto")["metric"] >= 0.75
    assert ends(told, "auto")["area"] > ends(told, "random")["area"]


def test_scikit_learns_digits_as_pictures(tmp_path):
    from sklearn.datasets import load_digits

    digits, lines = load_digits(), ["file,label"]
    for i, (picture, name) in enumerate(zip(digits.images, digits.target, strict=True)):
        grey = Image.fromarray((picture * 255 / 16).round().astype(np.uint8))
        grey.resize((64, 64), Image.Resampling.NEAREST).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{name}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    given = {"strategies": AGAINST, "batch": 25, "budget": 200, "seeds": 2}
    told = rehearse(tmp_path / "labels.csv", input="file", family="image_features", **given)
    assert ends(told, "auto")["metric"] >= 0.97
    assert ends(told, "auto")["metric"] > ends(told, "random")["metric"]
