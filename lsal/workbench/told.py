"""Plain answers of commands: fields for programs, words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Told(dict[str, Any]):
    """What an act came to. As a mapping, and as JSON, its fields; for people a sentence, named facts and notes."""

    def __init__(
        self, fields: Mapping[str, Any], says: str, facts: Mapping[str, str] | None = None, *notes: str
    ) -> None:
        super().__init__(fields)
        self.says, self.notes = says, notes
        self.facts = {name: value for name, value in (facts or {}).items() if value}


class NoneYet(list[Any]):
    """An empty list that says why it is, and what to do about it."""

    def __init__(self, says: str) -> None:
        super().__init__()
        self.says = says
