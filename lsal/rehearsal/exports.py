"""Exports of Label Studio, lsal's own too, as a labelled source: what the annotators of each task come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lsal import settings, sources
from lsal.errors import BadConfig, BadData
from lsal.kinds.reading import read_labelled
from lsal.kinds.writing import taking
from lsal.label_studio.config import read_config
from lsal.label_studio.media import Media
from lsal.measuring import ruler
from lsal.phrases import counted
from lsal.protocols import Kind
from lsal.records import Annotation, Control, Example, Task
from lsal.rehearsal.inferring import inferred
from lsal.rehearsal.labelled import Source
from lsal.sources import Record, Row, Wanted, records_of

Find = Callable[[str], Path | None]
"""Where the file lies that an address of Label Studio means, if it is here."""

NEIGHBOURS = ("{stem}.xml", "label_config.xml", "config.xml")
"""What a label config beside an export is called."""
NO_CONFIG = "Give the label config that they were made with: --config FILE"
LATER = "1"
"""A stamp after that of any label config: nobody knows when a control of an export came to be."""


def is_export(path: Path) -> bool:
    """Whether a file holds tasks with annotations, as Label Studio exports them."""
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
        return False
    first = next((one for one in records_of(path)() if isinstance(one, Record)), None)
    fields = first.fields if first else {}
    return isinstance(fields.get("data"), dict) and bool({"annotations", "completions"} & fields.keys())


def read_export(path: Path, family: str | None = None, config: str = "", find: Find | None = None) -> Source:
    """The tasks that somebody answered, with the majority's answer to the first control that lsal can learn.

    The label config is the file `config`, else one beside the export that has all its controls, else made of what the
    annotations name. Tasks that cannot be read are left out, and counted. Raises BadData where nothing is left,
    BadRequest or BadConfig for a label config that does not do.
    """
    wanted = Wanted(find=find or (lambda address: None))
    xml = Path(config).expanduser().read_text("utf-8-sig") if config else _beside(path) or inferred(path)
    found = sources.read_source(str(path), path.parent, wanted, xml, skip_bad=True)
    asked = taking(read_config(found.config).controls, None, family)
    if asked is None:
        raise BadData(f"lsal can learn none of the controls of {path}", NO_CONFIG)
    control, kind = asked
    rows = list(found.good())
    read = list(_examples(control, kind, rows))
    keep = [place for place, one in enumerate(read) if one.target is not None and not one.problem]
    if not keep:
        raise BadData(f"{path} holds no answer to '{control.name}' that can be read{_first(read)}", NO_CONFIG)
    bad = found.found.bad_count + sum(bool(one.problem) for one in read)
    notes = (f"{counted(bad, 'task')} of the export could not be read and {'is' if bad == 1 else 'are'} left out",)
    by, splits = ruler(kind), [rows[place].split for place in keep]
    return Source([read[place] for place in keep], splits, control, kind.families[0], by, notes if bad else ())


def _beside(path: Path) -> str:
    """The label config beside an export, if it names all that the annotations answer; else ""."""
    named = {
        str(region.get("from_name"))
        for record in records_of(path)()
        if isinstance(record, Record)
        for answer in record.fields.get("annotations") or record.fields.get("completions") or ()
        for region in answer.get("result") or ()
        if region.get("from_name")
    }
    for name in NEIGHBOURS:
        file = path.with_name(name.format(stem=path.stem))
        if file.is_file():
            xml = file.read_text("utf-8-sig")
            try:
                controls = {control.name for control in read_config(xml).controls}
            except BadConfig:
                continue
            if named <= controls:
                return xml
    return ""


def _examples(control: Control, kind: Kind, rows: list[Row]) -> Iterator[Example]:
    """Each row as a model sees it, with what its annotators agree on."""
    media, people = Media(settings.cache_folder() / "media", ""), dict[str, int]()

    def fetch(url: str, task: int) -> Path:
        return Path(url) if url in here else media.fetch(url, task)

    def task(number: int, row: Row) -> Task:
        told = tuple(
            Annotation(place, _person(one["completed_by"], people), one["was_cancelled"], LATER, one["result"])
            for place, one in enumerate(row.answers)
        )
        data = {name: str(value) if isinstance(value, Path) else value for name, value in row.data.items()}
        return Task(number, "", 0.0, data, told)

    here = {str(value) for row in rows for value in row.data.values() if isinstance(value, Path)}
    return read_labelled(kind, control, (task(number, row) for number, row in enumerate(rows)), fetch)


def _person(told: Any, people: dict[str, int]) -> int | None:
    """A number for whoever answered; None where the export does not say."""
    name = str(told.get("email") or told.get("id")) if isinstance(told, dict) else str(told or "")
    return people.setdefault(name, len(people)) if name else None


def _first(read: list[Example]) -> str:
    why = next((one.problem for one in read if one.problem), "")
    return f"; the first: {why}" if why else ""
