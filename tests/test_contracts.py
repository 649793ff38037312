"""The contracts that strangers subclass: a wrong part fails the law that it breaks, a right one none."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

WRONG = Path(__file__).with_name("wrong_parts.py")
DISTINCT = {"test_distinct_positions_best_first", "test_without_embeddings_it_works"}
BREAKS = {
    "Greedy": {"test_handles_its_samples_and_leaves_other_tags_alone"},
    "Deaf": {"test_target_of_result_is_the_target", "test_an_unknown_label_names_both_lists"},
    "Careless": {"test_an_unknown_label_names_both_lists"},
    "Fragile": {"test_never_raises", "test_reads_its_task"},
    "Misspelt": {"test_results_pass_the_sdk"},
    "Sharing": {"test_two_controls_share_no_region"},
    "Unordered": {"test_one_aligned_prediction_per_example", "test_learns_a_toy_of_twelve"},
    "Confident": {"test_chances_are_a_full_class_vector"},
    "Forgetful": {"test_saved_and_loaded_it_predicts_the_same"},
    "Pickled": {"test_saved_and_loaded_it_predicts_the_same"},
    "Stubborn": {"test_it_reports_and_stops_at_once_when_cancelled"},
    "Stupid": {"test_learns_a_toy_of_twelve"},
    "Colours": set(),
    "Sideways": {"test_regions_lie_in_the_image_best_first", "test_learns_a_toy_of_twelve"},
    "WorstFirst": {"test_regions_lie_in_the_image_best_first", "test_learns_a_toy_of_twelve"},
    "Certain": {"test_chances_are_a_full_class_vector"},
    "Mute": {"test_an_unreadable_image_shows_nothing_and_says_why"},
    "Shifted": {"test_learns_a_toy_of_twelve"},
    "Undecided": {
        "test_chances_are_a_full_class_vector",
        "test_a_text_without_a_word_has_no_token_and_an_unreadable_one_says_why",
        "test_overlaps_and_long_texts_do_not_break_it",
    },
    "Swapped": {"test_what_is_certain_of_a_span_is_certain_of_its_tokens"},
    "Speechless": {"test_a_text_without_a_word_has_no_token_and_an_unreadable_one_says_why"},
    "worst_first": DISTINCT,
    "twice": {*DISTINCT, "test_more_than_the_pool_gives_the_pool"},
    "moody": {"test_the_same_seed_gives_the_same_answer"},
    "meddling": {"test_the_pool_is_left_as_it_was"},
    "silent": {"test_an_empty_pool_says_so"},
    "Latest": {"test_results_come_in_order", "test_results_before_a_failure_are_not_lost"},
    "Wrapping": {"test_exceptions_come_back_as_themselves"},
    "threads": set(),
}


@pytest.fixture(scope="module")
def broken() -> dict[str, set[str]]:
    """The laws that each wrong part broke, as a stranger's own pytest tells them."""
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=short", "-p", "no:cacheprovider", str(WRONG)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, cwd=WRONG.parent)
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, set[str]] = defaultdict(set)
    for part, law in re.findall(r"^FAILED \S+::Test(\w+)::(\w+)", done.stdout, re.M):
        found[part].add(law)
    found["output"] = {done.stdout}
    return found


@pytest.mark.parametrize("part", BREAKS)
def test_a_wrong_part_fails_the_laws_that_it_breaks_and_no_other(broken: dict[str, set[str]], part: str) -> None:
    assert broken[part] == BREAKS[part]


def test_a_broken_law_shows_both_sides(broken: dict[str, set[str]]) -> None:
    """Strangers see what was compared, as in tests of their own."""
    (output,) = broken["output"]
    assert re.search(r"E\s+assert \[.*Prediction|E\s+At index 0 diff", output)


def test_without_pytest_it_says_so() -> None:
    code = "import sys; sys.modules['pytest'] = None; import lsal.testing; lsal.testing.KindContract"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "BadRequest" in done.stderr
    assert "lsal.testing.KindContract needs pytest. Install it: pip install pytest" in done.stderr
    assert subprocess.run([sys.executable, "-c", code.rpartition(";")[0]], check=True).returncode == 0


def test_lsal_itself_needs_no_pytest() -> None:
    code = "import sys; import lsal.testing, lsal.workbench, lsal.cli; print('pytest' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
