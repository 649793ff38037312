"""HTML as Label Studio's editor shows it: the text in it, and at which XPath each stretch of it stands.

The editor cleans the HTML (scripts, frames and comments go, unclosed tags are closed) and lets the
browser build a tree of it, whose text nodes it counts. Both are done here as far as tags in the
wild ask for it. A piece without length holds what stands in the tree and is not seen, in `skipped`;
a line break is a piece of one character.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from lsal.records import Passage, Piece

UNSEEN = frozenset(("script", "style", "title", "template"))
INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q")
) | frozenset(("s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"))
"""Tags that do not end a word."""
MARK = "\ufeff"
"""A byte order mark, which a browser takes off a page's beginning."""
SPACE = " \t\n\f\r"
DROPPED = frozenset(("script", "iframe"))
"""Tags that the editor takes out, with all that is in them."""
UNBUILT = frozenset(("template",))
"""Tags whose content is not part of the tree."""
HEAD = frozenset(("base", "link", "meta", "title", "style", "template", "noscript"))
"""Tags that the browser moves out of the body where nothing else came before them."""
VOID = frozenset(("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input")) | frozenset(
    ("keygen", "link", "meta", "param", "source", "track", "wbr")
)
PAGE = frozenset(("html", "head", "body"))
FOREIGN = frozenset(("svg", "math"))
BLOCKS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "address", "article", "aside", "blockquote", "details")) | (
    frozenset(("div", "dl", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "main", "nav"))
    | frozenset(("ol", "p", "pre", "section", "table", "ul"))
)
"""Tags that end a paragraph."""
CLOSES = {
    **{tag: frozenset(("p",)) for tag in BLOCKS},
    **{tag: frozenset(("dd", "dt")) for tag in ("dd", "dt")},
    **{tag: frozenset(("thead", "tbody")) for tag in ("tbody", "tfoot")},
    "tr": frozenset(("tr", "th", "td")),
    "th": frozenset(("th", "td")),
    "td": frozenset(("thead", "th", "td")),
    "li": frozenset(("li",)),
    "option": frozenset(("option",)),
}
"""Which open tags end where another one begins."""
AROUND = {
    ("table", "tr"): ("tbody",),
    ("table", "td"): ("tbody", "tr"),
    ("table", "th"): ("tbody", "tr"),
    ("table", "col"): ("colgroup",),
    **{(part, cell): ("tr",) for part in ("tbody", "thead", "tfoot") for cell in ("td", "th")},
}
"""Tags that a browser puts between two others."""


def read_html(html: str, inline: bool = False) -> Passage:
    """The text of a page, and its text nodes. `inline`: it stands in a page that is there already."""
    tree = _Tree(inline)
    tree.feed(html if inline else html.removeprefix(MARK))
    tree.close()
    tree.end_text()
    return Passage("".join(tree.text), tuple(tree.pieces))


@dataclass(slots=True)
class _Open:
    tag: str
    path: str
    counts: Counter[str] = field(default_factory=Counter)

    def next(self, name: str) -> str:
        self.counts[name] += 1
        return f"{self.path}/{name}[{self.counts[name]}]"


class _Tree(HTMLParser):
    """Walks through the tags, and knows of each text node where it stands."""

    def __init__(self, inline: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.pieces: list[Piece] = []
        self._at = 0
        self._open = [_Open("body", "")]
        self._begun = inline
        self._gone: list[str] = []
        """Open tags of which nothing reaches the tree."""
        self._node: list[str] = []
        self._apart = False
        """Whether words before and behind belong to different blocks."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._gone or tag in DROPPED or (not self._begun and tag in HEAD):
            self._gone += [tag] if tag not in VOID else []
        elif tag == "body":
            self._begun = True
        elif tag not in PAGE:
            self._begun = True
            self._enter(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID and any(each.tag in FOREIGN for each in self._open):
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._gone:
            if tag in self._gone:
                del self._gone[_last(self._gone, tag) :]
        elif tag == "br" or (tag == "p" and all(each.tag != "p" for each in self._open)):
            self._enter(tag)
            self._leave(tag)
        else:
            self._leave(tag)

    def handle_data(self, data: str) -> None:
        if self._gone:
            return
        if not self._begun:
            data = data.lstrip(SPACE)
        if data:
            self._begun = True
            self._node.append(data)

    def end_text(self) -> None:
        """Whatever was gathered is one text node."""
        text = re.sub(r"\r\n?", "\n", "".join(self._node))
        self._node.clear()
        inside = self._open[-1]
        if inside.tag == "pre" and not inside.counts:
            text = text.removeprefix("\n")
        if not text:
            return
        place = inside.next("text()")
        if any(each.tag in UNSEEN for each in self._open):
            self.pieces.append(Piece(self._at, self._at, place, len(text)))
        else:
            self._separate(text)
            self._add(text, place)

    def _add(self, text: str, place: str) -> None:
        self.pieces.append(Piece(self._at, self._at + len(text), place))
        self._write(text)

    def _separate(self, text: str) -> None:
        if self._apart and self.text and not self.text[-1][-1].isspace() and not text[0].isspace():
            self._write("\n")
        self._apart = False

    def _write(self, text: str) -> None:
        self.text.append(text)
        self._at += len(text)

    def _enter(self, tag: str) -> None:
        self.end_text()
        while self._open[-1].tag in CLOSES.get(tag, ()):
            self._open.pop()
        for between in AROUND.get((self._open[-1].tag, tag), ()):
            self._open.append(_Open(between, self._open[-1].next(between)))
        place = self._open[-1].next(tag)
        self._apart |= tag not in INLINE
        if tag == "br":
            self._add("\n", place)
        elif tag in UNBUILT:
            self._gone.append(tag)
        elif tag not in VOID:
            self._open.append(_Open(tag, place))

    def _leave(self, tag: str) -> None:
        names = [each.tag for each in self._open]
        if tag in names[1:]:
            self.end_text()
            del self._open[_last(names, tag) :]
            self._apart |= tag not in INLINE


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)
