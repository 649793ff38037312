"""Strategies for label configs: sensible ones, strange ones, and text that is none at all."""

from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

OBJECTS = ("Text", "HyperText", "Paragraphs", "Image", "Audio", "Video", "Table", "List", "Unheard")
CONTROLS = ("Choices", "Taxonomy", "Labels", "HyperTextLabels", "ParagraphLabels", "RectangleLabels", "PolygonLabels")
CONTROLS = (*CONTROLS, "BrushLabels", "Rectangle", "Brush", "TextArea", "Rating", "Pairwise", "Chat", "Filter")
LABELS = ("Choice", "Label", "Relation", "Item")
AROUND = ("View", "Style", "Header", "Repeater", "Collapse", "Panel", "Choices", "Unheard")

xml_letters = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
words = st.one_of(st.sampled_from(["a", "b", "t", "c", "", " ", "/", " / ", "é", "😀", "None"]), st.text(xml_letters))
names = st.one_of(st.sampled_from(["t", "c", "d", "t,t", "t,c", ",", "nothing", "{{idx}}"]), words)
fields = st.one_of(
    st.sampled_from(["$text", "$image", "$labels", "$", "$$", "$a.b[0]", "$a[{{idx}}].b", "x$y", "$ a", "$a,b"]), words
)
TOLD = {
    "name": names,
    "toName": names,
    "value": fields,
    "valueList": fields,
    "alias": words,
    "predicted_values": words,
    "choice": st.sampled_from(["single", "multiple", "single-radio", ""]),
    "perRegion": st.sampled_from(["true", "false"]),
    "visibleWhen": words,
    "on": fields,
    "leafsOnly": st.sampled_from(["true", "false"]),
    "maxUsages": st.sampled_from(["1", "-1", "x"]),
    "apiUrl": words,
}


@st.composite
def tags(draw: st.DrawFn, depth: int = 3) -> str:
    """A tag with attributes that mean something somewhere, and what stands in it."""
    tag = draw(st.sampled_from((*OBJECTS, *CONTROLS, *LABELS, *AROUND)))
    told = draw(st.fixed_dictionaries({}, optional=TOLD))
    inside = "".join(draw(st.lists(_inside(depth), max_size=4)))
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in told.items())
    return f"<{tag}{attributes}>{inside}</{tag}>"


def _inside(depth: int) -> st.SearchStrategy[str]:
    loose = st.one_of(
        words.map(escape),
        words.filter(lambda text: "--" not in text and not text.endswith("-")).map("<!--{}-->".format),
        words.filter(lambda text: "]]>" not in text).map("<![CDATA[{}]]>".format),
        st.sampled_from(["<?php echo ?>", "&lt;", "&#65;", "<Style>.x { color: red }</Style>"]),
    )
    return st.one_of(tags(depth - 1), loose) if depth else loose


@st.composite
def sensible(draw: st.DrawFn) -> str:
    """A config that can be read: an object, a control on it, and anything beside them."""
    shown, asked = draw(st.sampled_from(OBJECTS)), draw(st.sampled_from(CONTROLS[:-2]))
    label = "Choice" if asked in ("Choices", "Taxonomy") else "Label"
    labels = "".join(f"<{label} value={quoteattr(name)}/>" for name in draw(st.lists(words, max_size=6)))
    control = f'<{asked} name="c" toName="t">{labels}</{asked}>'
    return f'<View><{shown} name="t" value={quoteattr(draw(fields))}/>{control}{"".join(draw(_beside))}</View>'


_beside = st.lists(st.sampled_from(["<!-- note -->", "<Style>.x{}</Style>", "<?x y?>", "<Header value='h'/>"]))
PREAMBLES = ("", "\ufeff", '<?xml version="1.0" encoding="utf-16"?>', '<?xml version="1.0" encoding="latin-1"?>', " ")
DOCTYPES = ("<!DOCTYPE v>", '<!DOCTYPE v SYSTEM "http://127.0.0.1:9/x.dtd">', '<!DOCTYPE v [<!ENTITY a "aa">]>')

strange = st.builds("{}{}".format, st.sampled_from((*PREAMBLES, *DOCTYPES)), tags())


@st.composite
def torn(draw: st.DrawFn) -> str:
    """A config with a piece cut out, put in or doubled."""
    xml = draw(st.one_of(sensible(), strange))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(xml))] * 2)))
    between = draw(st.one_of(st.just(""), st.just(xml[start:end] * 2), st.text(max_size=5), st.sampled_from("<>&\"'/")))
    return xml[:start] + between + xml[end:]


configs = st.one_of(sensible(), strange, torn(), st.text(max_size=200))
