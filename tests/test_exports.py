"""Real configs and exports of several eras: what holds choices is read, the rest is named.

Exports come with the config beside them. For those without one, the config is rebuilt from
what the answers name, so that their shape is read all the same.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from label_studio_sdk.label_interface import LabelInterface

from lsal.errors import BadConfig, BadData
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.records import PATH, Control, Regions, Spans

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def exports(shared_data: Path) -> Path:
    return shared_data / "ls_exports"


@pytest.fixture(scope="module")
def configs(exports: Path) -> dict[str, str]:
    found = {str(path.relative_to(exports)): path.read_text("utf-8") for path in sorted(exports.rglob("*.xml"))}
    matrix = yaml.safe_load((exports / "server_1.23.2_tests/data_for_test_label_config_matrix.yml").read_text())
    return found | {f"{case['status_code']} {name}": case["label_config"] for name, case in matrix.items()}


def test_every_config_is_read_as_the_sdk_reads_it_or_refused(configs: dict[str, str]) -> None:
    met: Counter[str] = Counter()
    refused: dict[str, BadConfig] = {}
    for name, xml in configs.items():
        try:
            config = read_config(xml)
        except BadConfig as error:
            refused[name] = error
            continue
        ours = {control.name: (control.to_name, flat(control)) for control in config.controls}
        theirs = {tag.name: (",".join(tag.to_name), tuple(tag.labels)) for tag in LabelInterface(xml).controls}
        assert ours == theirs, name
        handled, unhandled = match(config.controls)
        draw = {tool for control, _ in handled.values() for tool in control.drawn_by.values()}
        assert handled.keys() | unhandled.keys() | draw == ours.keys(), "what only draws goes with what names it"
        assert all(f"'{control}' on " in why and ": " in why for control, why in unhandled.items())
        met.update(read=1, handled=len(handled), unhandled=len(unhandled))
    assert met == {"read": 71, "handled": 54, "unhandled": 61}
    assert len(refused) == 23
    for name, error in refused.items():
        assert error.fix
        assert name.startswith("400") or "no control" in error.what, (name, error)


def flat(control: Control) -> tuple[str, ...]:
    """The SDK knows a taxonomy's steps, not its paths."""
    if control.tag != "Taxonomy":
        return control.labels
    return tuple(dict.fromkeys(step for label in control.labels for step in label.split(PATH)))


def answers(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The result of every annotation and prediction in a file, whatever era wrote it."""
    content = path.read_bytes()
    waiting = [json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and isinstance(value.get("result"), list):
            yield value["result"]
        elif isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)


def rebuilt(results: list[list[dict[str, Any]]]) -> str | None:
    """A config with every control that the results name; None if they name none."""
    root, tags = ET.Element("View"), {}
    for region in (region for result in results for region in result if "from_name" in region):
        control, shown, kind = region["from_name"], f"object of {region['to_name']}", region["type"]
        if control not in tags:
            tags[control] = ET.SubElement(root, "Choices" if kind == "choices" else kind, name=control, toName=shown)
            if not any(tag.get("name") == shown for tag in root):
                ET.SubElement(root, "Text", name=shown, value="$text")
        for label in region["value"].get("choices", ()) if kind == "choices" else ():
            if not any(tag.get("value") == label for tag in tags[control]):
                ET.SubElement(tags[control], "Choice", value=label)
    return ET.tostring(root, "unicode") if tags else None


def config_for(path: Path, results: list[list[dict[str, Any]]]) -> str | None:
    for folder in (path.parent, path.parent.parent):
        if (folder / "config.xml").exists():
            return (folder / "config.xml").read_text("utf-8")
    return rebuilt(results)


def test_every_answer_is_a_target_or_belongs_to_a_control_that_is_named(exports: Path) -> None:
    met: Counter[str] = Counter()
    for path in sorted((*exports.rglob("*.json"), *exports.rglob("*.json.gz"))):
        found = list(answers(path))
        xml = config_for(path, found)
        era = path.relative_to(exports).parts[0]
        handled, unhandled = match(read_config(xml).controls) if xml else ({}, {})
        for result in found:
            for control, kind in handled.values():
                try:
                    target = kind.target(control, result)
                except BadData as error:
                    met[f"{era}: {error.what.partition(':')[0]}"] += 1
                    continue
                said = any(region.get("from_name") == control.name for region in result)
                assert target is None or set(target.names) <= {*control.labels, ""}
                if isinstance(target, Regions):  # an image without any object is an answer too
                    assert bool(target.items) == said
                    met[f"{era}: images"] += 1
                    met[f"{era}: objects"] += len(target.items)
                elif isinstance(target, Spans):  # and so is a text in which nothing is marked
                    met[f"{era}: texts"] += 1
                    met[f"{era}: spans"] += len(target.items)
                else:
                    assert (target is not None) == said
                    met[f"{era}: targets"] += target is not None
            for region in result:
                who = "handled" if region.get("from_name") in handled else "named"
                who = who if region.get("from_name") in handled | unhandled else "not in the config"
                met[f"{era}: {'choices' if region['type'] == 'choices' else 'regions'} {who}"] += 1
    assert +met == {
        "converter_2024: choices handled": 2,
        "converter_2024: regions named": 40,
        "converter_2024: targets": 2,
        "frontend_examples: choices handled": 13,
        "frontend_examples: choices named": 8,
        "frontend_examples: choices not in the config": 2,  # the Repeater's, numbered: it is named as a whole
        "frontend_examples: A brush stroke does not say how large its image is": 1,
        "frontend_examples: images": 15,
        "frontend_examples: objects": 215,
        "frontend_examples: Label 'Date' is not one of those of 'label'": 2,
        "frontend_examples: regions handled": 234,
        "frontend_examples: regions named": 50,
        "frontend_examples: regions not in the config": 12,
        "frontend_examples: spans": 15,
        "frontend_examples: targets": 14,
        "frontend_examples: texts": 9,
        "funsd_preannotations: regions named": 2332,
        "ml_backend: regions named": 44,
        "sdk_2026: choices handled": 4,
        "sdk_2026: regions named": 56,
        "sdk_2026: regions not in the config": 5,
        "sdk_2026: targets": 4,
        "server_1.23.2_tests: choices handled": 11,
        "server_1.23.2_tests: regions named": 14,
        "server_1.23.2_tests: targets": 11,
    }


def test_tasks_of_text_and_html_are_read(exports: Path) -> None:
    def no_files(url: str) -> Path:
        raise BadData("no files here", "none")

    met: Counter[str] = Counter()
    for path in sorted(exports.glob("frontend_examples/*/tasks.json")):
        handled, _ = match(read_config((path.parent / "config.xml").read_text("utf-8")).controls)
        for number, task in enumerate(json.loads(path.read_text("utf-8"))):
            for control, kind in handled.values():
                example = kind.example(control, number, task.get("data", task), no_files)
                met[f"{control.object_tag}: {'read' if example.problem is None else 'not read'}"] += 1
                assert example.problem is None or "no files here" in example.problem, (path, example.problem)
    assert met == {
        "Text: read": 113,
        "Text: not read": 1,
        "HyperText: read": 3,
        "Paragraphs: read": 2,
        "Image: not read": 20,
    }
