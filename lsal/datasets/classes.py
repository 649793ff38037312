"""The layout of networks that give images a class: train/CLASS/17-photo.jpg and val/CLASS/...

Every class has its folder in both parts, also an empty one: loaders number the folders that they find.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from lsal.datasets.placing import name_of, place
from lsal.datasets.record import PARTS, TRAIN, VAL
from lsal.datasets.yolo import large_enough
from lsal.errors import BadData
from lsal.models.pictures import Header
from lsal.models.yolo.labels import column_of
from lsal.records import Example, Labels


class Classes:
    """One class of each image."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self.folder, self.labels = folder, labels
        self.anew = self.dropped = 0
        for part in PARTS:
            for label in labels:
                (folder / part / folder_name(label)).mkdir(parents=True)

    def put(self, part: str, example: Example, header: Header) -> int:
        """One image, below the folder of its class; it has no regions."""
        path, target = large_enough(example, header), example.target
        if not isinstance(target, Labels) or not target.names:
            raise BadData("it has no class", "Label it again")
        label = self.labels[column_of(self.labels, target.names[0])]
        stem = self.folder / part / folder_name(label) / name_of(example.task_id, path)
        self.anew += place(path, header, stem, turned=False)[1]
        return 0

    def end(self, has_val: bool) -> None:
        """Without a part to check on, trainers take the other; one of empty folders would stop them."""
        if not has_val:
            for label in self.labels:
                (self.folder / VAL / folder_name(label)).rmdir()
            (self.folder / VAL).rmdir()
            (self.folder / VAL).symlink_to(TRAIN, target_is_directory=True)


def folder_name(label: str) -> str:
    """A class as a folder: its name, but for what a folder cannot be called."""
    return re.sub(r'[/\\:*?"<>|%\x00-\x1f]|^\.', lambda found: quote(found[0], safe="").replace(".", "%2E"), label)
