"""Messages to a shop, made here: who writes from where about which thing, with those words marked.

Names are put together from syllables, so that those of the test part were never seen before: a model has
to go by shape and context. A third of the messages is in lower case throughout, and many mark nothing.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from lsal.files import to_json, write_whole

COUNTS = {"train": 900, "test": 300}
LOWER = 0.33
"""The share of messages without a capital letter."""


def words(text: str) -> tuple[str, ...]:
    """Its words."""
    return tuple(text.split())


BEGINNINGS = words("ka lo mi sta bre an o ru te vi gra jo el fa hu su de wi par she ny ol tri be")
MIDDLES = (*words("ra ne li do ma sto vi ber lan ki sha mo"), "", "", "")
PEOPLE = words("n s a o th ne tta kov ez son ton ski wen mann ya ri dez quist ley man dottir ic")
PLACES = words("ford berg ville stad port mouth dale ham ton ley grad burgh holm shire na by")
THINGS = words(
    "kettle lamp chair drill tent scarf router blender bike clock shelf mixer jacket printer mower radio pan ladder "
    "stroller monitor rug heater keyboard toaster"
)
KINDS = ("", "", *words("red folding steel second wireless old garden electric tall spare small black"))
SERIES = ("X", "Pro", "Mini", "S", "Max", "One", "Air", "GT")

ABOUT = (
    "{person} here, my {thing} never came.",
    "The {thing} that you sent to {place} is broken.",
    "Can {person} return the {thing}? I bought it on 3 May.",
    "I ordered two of the {thing} and got one.",
    "Is there a shop in {place}?",
    "{person} told me that it costs 40 less in {place}.",
    "Since Monday the {thing} makes a noise.",
    "We moved from {place} to {place}, please change the address.",
    "My husband {person} wants the {thing}, not the {thing}.",
    "Regards, {person}",
    "Your driver left it with {person} without a word",
    "Does the {thing} fit the {thing}?",
    "{person} of {place} has not paid.",
    # What stands here can be a person, a place or a thing: only the word itself tells.
    "It is about {any}.",
    "I have heard nothing of {any} since Friday.",
    "{any} was not on the list, {any} was.",
    "You wrote {any}, and I meant {any}.",
    "Then came {any}, and after that {any}!",
    "Nobody knows {any} at the Support desk.",
    "Look for {any}, please; the other one was {any}.",
    "{any} again?",
)
PLAIN = (
    "Where is my order? It is Thursday and I have heard nothing.",
    "Thank you for the quick answer!",
    "I want my money back, the number is 40 17 22.",
    "Do you open on Sunday in May?",
    "The Manager said that Support would call. Nobody did.",
    "Cancel it, please. Order of 12 March.",
    "How long does Delivery take now?",
)


def write_messages(folder: Path) -> Path:
    """The same set each time, as a file of JSON lines: `text`, `entities`, `split`."""
    draw, rows = Random(0), []
    for split, count in COUNTS.items():
        for _ in range(count):
            text, entities = _message(draw)
            rows.append({"text": text, "entities": entities, "split": split})
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "messages.jsonl", b"".join(to_json(row) + b"\n" for row in rows))
    return folder / "messages.jsonl"


def _message(draw: Random) -> tuple[str, list[dict[str, Any]]]:
    """One or two sentences, and where in them somebody or something is named."""
    text, entities = "", list[dict[str, Any]]()
    for _ in range(draw.choice((1, 1, 2))):
        text += " " if text else ""
        for piece in draw.choice(ABOUT if draw.random() < 0.6 else PLAIN).replace("{", "}").split("}"):
            label = draw.choice(tuple(_NAMED)) if piece == "any" else piece if piece in _NAMED else ""
            shown = _NAMED[label](draw) if label else piece
            if label:
                entities.append({"start": len(text), "end": len(text) + len(shown), "label": label})
            text += shown
    return (text.lower() if draw.random() < LOWER else text), entities


def _person(draw: Random) -> str:
    names = [_word(draw, PEOPLE) for _ in range(draw.choice((1, 2, 2)))]
    return " ".join([*draw.choice(((), (), ("Dr.",), ("Ms",))), *names])


def _place(draw: Random) -> str:
    return draw.choice(("", "", "", "New ", "Upper ")) + _word(draw, PLACES)


def _thing(draw: Random) -> str:
    if draw.random() < 0.4:
        return f"{_word(draw, PEOPLE)} {draw.choice(SERIES)}{draw.choice(('', ' 2', '30', ' 500'))}"
    return f"{draw.choice(KINDS)} {draw.choice(THINGS)}".strip()


def _word(draw: Random, endings: tuple[str, ...]) -> str:
    return (draw.choice(BEGINNINGS) + draw.choice(MIDDLES) + draw.choice(endings)).capitalize()


_NAMED = {"person": _person, "place": _place, "thing": _thing}
