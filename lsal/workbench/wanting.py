"""From what a caller says about a new project to how its source is read, and which annotations it begins with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lsal.errors import BadConfig, BadData, BadRequest, LabelStudioError
from lsal.kinds import match
from lsal.kinds.reading import read_target
from lsal.kinds.writing import drawn, taking, tool_of
from lsal.label_studio import server
from lsal.label_studio.config import Config, read_config
from lsal.label_studio.connection import Connection
from lsal.label_studio.label_tags import SELF_REFERENCING
from lsal.protocols import Kind
from lsal.records import Control, Labels, Target
from lsal.sources import Row, Source, Wanted
from lsal.sources.tables import column_of

PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may say about a new project; the commands say the same with their options."""

    demo: bool = False
    title: str = ""
    columns: tuple[str, str] = ("text", "label")
    labels: Sequence[str] = ()
    several: bool = False
    with_labels: bool = False
    ground_truth: bool = False
    config: str = ""
    files: str = ""
    skip_bad: bool = False
    hold_out: float = 0.2
    seed: int = 0


def wanted(root: Path, said: Options) -> tuple[Wanted, str]:
    """How the source is to be read, and the caller's label config, "" without one.

    Raises BadRequest for a config that cannot be read, BadConfig for one that is wrong.
    """
    asked = Wanted(
        input=said.columns[0],
        label=said.columns[1],
        labels=tuple(said.labels),
        several=said.several,
        find=finder(root, Path(said.files).expanduser() if said.files else None),
    )
    if not said.config:
        return asked, ""
    config = read_config(_read(said.config))
    fields = {one.data_key: one.object_tag for one in config.controls if one.data_key}
    asked = replace(asked, fields=fields, wrong=_wrong(config))
    found = taking(config.controls)
    if found is None:
        return replace(asked, labels=()), config.xml
    control, outlines = found[0], {"Rectangle": False, "Polygon": True}
    facts = {"labels": control.labels, "aliases": control.aliases, "several": control.several}
    facts |= {"outlines": outlines.get(tool_of(control)), "spans": control.marks}
    return replace(asked, **facts), config.xml  # type: ignore[arg-type]


def labels_control(source: Source) -> tuple[Control, Kind]:
    """The control that takes the labels of a source, with its kind: the first that lsal can learn.

    Raises BadConfig if there is none.
    """
    found = taking(read_config(source.config).controls, source.tool)
    if found is None:
        what = f"{source.kind} ({source.tool})" if source.tool else "classes"
        fix = "Give another config; or leave out --with-labels, or --demo"
        raise BadConfig(f"The label config has no control that takes {what}", fix)
    return found


def need_labels(source: Source) -> None:
    """Raise BadData for the first row without the field from which the label config takes a control's labels.

    Label Studio refuses such tasks, once the project is there.
    """
    controls = [one for one in read_config(source.config).controls if one.tag not in SELF_REFERENCING]
    taken = {column_of(one.options["value"][1:]): one for one in controls if one.options.get("value", "")[:1] == "$"}
    for row in source.good() if taken else ():
        for field, control in taken.items():
            if not isinstance(row.data.get(field), str | list):
                what = f"has nothing in '{field}', from which <{control.tag} name='{control.name}'> takes its labels"
                raise BadData(f"{row.where or source.title} {what}", "Give every row one, or write them in the config")


class Answers:
    """The annotations that rows begin with: their labels, or those of an export."""

    def __init__(self, source: Source, said: Options, connection: Connection) -> None:
        self.unknown: set[str] = set()
        self._ground_truth = said.ground_truth
        self._taking = labels_control(source) if said.with_labels and source.kind != "tasks" else None
        self._people = _people(connection) if source.kind == "tasks" else set()

    def given(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows with the annotations that Label Studio is to be given."""
        for row in rows:
            if row.answers:
                yield replace(row, answers=tuple(self._told(answer) for answer in row.answers))
            elif self._taking is not None and row.target is not None:
                yield replace(row, answers=(self._labelled(*self._taking, row.target, row.data),))
            else:
                yield row

    def _labelled(self, control: Control, kind: Kind, target: Target, data: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(target, Labels):
            target = Labels(tuple(label for label in control.labels if label in target.names))
        # Label Studio takes imported annotations for ground truth unless it is told otherwise.
        return {"result": drawn(kind, control, target, data), "ground_truth": self._ground_truth}

    def _told(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """An exported annotation, by the same person if this Label Studio knows who that is."""
        person = answer["completed_by"]
        email = person.get("email") if isinstance(person, Mapping) else None
        told = {**answer, "ground_truth": answer["ground_truth"] or self._ground_truth}
        del told["completed_by"]
        if email in self._people:
            return told | {"completed_by": {"email": email}}
        self.unknown.add(str(email or person))
        return told


def _people(connection: Connection) -> set[str]:
    """The emails of those who have an account there."""
    try:
        return {str(person["email"]) for person in connection.rows("/api/users/")}
    except LabelStudioError:
        return set()


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise BadRequest(f"The label config cannot be read ({error})", "Give an XML file: --config FILE") from None


def _wrong(config: Config) -> Callable[[Mapping[str, Any]], str]:
    """Says why an annotation does not go with the config, "" if it does."""
    handled, named = match(config.controls)[0], {control.name for control in config.controls}
    repeated = any("{{" in name for name in named)

    def wrong(answer: Mapping[str, Any]) -> str:
        if answer["was_cancelled"]:
            return ""
        for region in answer["result"]:
            if not repeated and region.get("from_name", next(iter(named))) not in named:
                return f"answers '{region['from_name']}', which the label config does not have"
        try:
            for control, kind in handled.values():
                read_target(kind, control, answer["result"])
        except BadData as error:
            return f"cannot be read: {error.what}"
        return ""

    return wrong


def finder(root: Path, files: Path | None) -> Callable[[str], Path | None]:
    """Finds the file behind an address of Label Studio: in a folder that the caller names, or on lsal's own server."""

    def find(address: str) -> Path | None:
        parts = urlsplit(address)
        local = (parse_qs(parts.query).get("d") or [""])[0]
        relative = local or unquote(parts.path).removeprefix("/data/upload/")
        name = Path(relative).name
        places = [(files, relative), (files, name), (files, PREFIX.sub("", name))] if files else []
        uploads = root / "label-studio" / "data" / "media" / "upload"
        places.append((server.files_folder(root), local) if local else (uploads, relative))
        for folder, path in places:
            if folder and path and _inside(folder, folder / path):
                return folder / path
        return None

    return find


def _inside(folder: Path, path: Path) -> bool:
    """Whether there is such a file, and really below the folder."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())
