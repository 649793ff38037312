"""Objects that a server answered with: one that lacks a field says who left it out, where a dict has a KeyError."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

from lsal.errors import LabelStudioError

Fields: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]
NOT_THERE = "Is something between that answers for Label Studio, or is its version older? lsal doctor"


class Told(dict[str, Any]):
    """An object of an answer. `answered` says whose, and to what; it begins the error for a field that is missing."""

    __slots__ = ("answered",)

    def __init__(self, fields: Fields = (), answered: str = "Label Studio answered") -> None:
        super().__init__(fields)  # as a dict is made, or records that hold one could not be made dicts of
        self.answered = answered

    def __missing__(self, name: str) -> NoReturn:
        raise LabelStudioError(f"{self.answered} without '{name}'", NOT_THERE)

    def counts(self) -> dict[str, int]:
        """The whole of an object whose fields are counts."""
        if not all(isinstance(count, int) for count in self.values()):
            raise _other_shape(self.answered)
        return dict(self)

    def rows(self, name: str) -> list[Told]:
        """The objects that a field lists."""
        return told_rows(self[name], self.answered)


def told(said: Any, answered: str, tells: Collection[str] = ()) -> Told:
    """An answer that has to be an object, with one of the fields in `tells` at least. Raises LabelStudioError."""
    if not isinstance(said, dict) or (tells and said.keys().isdisjoint(tells)):
        raise _other_shape(answered)
    return Told(said, answered)


def told_rows(said: Any, answered: str) -> list[Told]:
    """An answer that has to be a list of objects. Raises LabelStudioError."""
    if not isinstance(said, list):
        raise _other_shape(answered)
    return [told(one, answered) for one in said]


def _other_shape(answered: str) -> LabelStudioError:
    """It may be a proxy's own answer, and another the next time."""
    return LabelStudioError(f"{answered} with JSON of another shape than Label Studio's", NOT_THERE, passes=True)
