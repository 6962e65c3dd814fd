"""Make HTML safe to show, and turn it into text, for bodies that come as HTML."""

import html as entities
import re
from collections import Counter

import nh3
from lxml import etree
from lxml import html as lxml_html

from channel_email.parse.decode import to_text
from channel_email.parse.layout import TooWide, lay_out
from channel_email.parse.limits import ATTRIBUTES, TEXT
from hub_contract.problems import Problem, ProblemCode

_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*+=\s*+[\"']?+\s*+([\w.:-]+)", re.IGNORECASE
)
_HIDDEN = re.compile(r"(</?(?:script|style|head|title)\b[^<>]*>|<!--|-->)", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ELEMENT = re.compile(r"<(/?)([a-z][^\s/><]{0,40})", re.IGNORECASE)
# As a browser reads them: a name may hold a quote or `<`, a quoted value anything.
_ATTRIBUTE = (
    r"[\s/]*+=?[^\s/>=]++"
    r"(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>\"'][^\s>]*+)?+)?+"
)
_MANY_ATTRIBUTES = re.compile(
    # Of several beginnings that no blank parts, the last has all the attributes.
    rf"<[a-z_:](?:[^\s/><]|<(?![a-z_:]))*+(?:[\s/](?:{_ATTRIBUTE})){{{ATTRIBUTES + 1}}}",
    re.IGNORECASE,
)
_NEVER_OPEN = frozenset(
    ["br", "img", "hr", "input", "meta", "link", "col", "wbr", "area", "p", "li"]
)
_FORMATS = frozenset(
    [
        "a",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "nobr",
        "s",
        "small",
        "strike",
        "strong",
        "tt",
        "u",
    ]
)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_NO_LETTER = re.compile(r"&#(?:[0-9]{8}[0-9]*+|[xX][0-9a-fA-F]{8}[0-9a-fA-F]*+);?")
_MANY_BLANK = re.compile(r"\n{3,}")
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]+")
_DEEPEST = 1000  # elements inside elements; beyond that the work grows with the square
_REOPENED = 20  # times as much work as to go past one that is open
_MOST_WORK = 10_000_000
_MOST_TAGS = 100_000  # each takes some hundred bytes in a tree
_FEW = 690  # tags: fewer cannot make so much work, whatever they are
_MANY = 30_000  # tags that are laid out; that is a hundred newsletters
_TAGS_AND_LETTERS = 3_000_000_000  # multiplied: each tag may copy the line that it stands in


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Keep only pictures that came with the mail: a remote one tells the sender who reads."""
    if attribute == "src":
        if value[:4].lower() == "cid:":
            return f"cid:{value[4:]}"
        return value if _DATA_IMAGE.fullmatch(value) else None
    return None if value.lstrip().startswith(("data:", "cid:")) else value


_CLEANER = nh3.Cleaner(
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "width", "height"},
        "td": {"colspan", "rowspan", "align"},
        "th": {"colspan", "rowspan", "align", "scope"},
        "ol": {"start", "type"},
        "*": {"dir", "lang"},
    },
    attribute_filter=_keep,
    clean_content_tags={"script", "style", "title", "noscript", "iframe", "object", "svg", "math"},
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def read_html(data: bytes, charset: str) -> tuple[str, bool, str]:
    """Return HTML as text, whether that is sure, and its charset, if need be as the page has it."""
    if not charset and (meta := _META_CHARSET.search(data, 0, 4096)):
        charset = meta[1].decode("ascii", "replace")
    return *to_text(data, charset), charset


def fault_of(markup: str) -> Problem | None:
    """Say why a page cannot be worked on, or None: not endless, not nested without end.

    A closing tag closes only what is open under its name. What formats letters is opened again in
    each paragraph while it is open (HTML §13.2.4.3), so many of both are a page without end.
    """
    if len(markup) > TEXT:
        return Problem(code=ProblemCode.HTML_TOO_LARGE)
    if _MANY_ATTRIBUTES.search(markup):
        return Problem(code=ProblemCode.TOO_MANY_ATTRIBUTES, about=f"{ATTRIBUTES}")
    tags = markup.count("<")
    if tags < _FEW:
        return None
    if tags > _MOST_TAGS:
        return Problem(code=ProblemCode.HTML_TOO_LARGE)
    opened: Counter[str] = Counter()
    depth = formats = work = 0
    for closing, written in _ELEMENT.findall(markup):
        name = written.lower()
        step = (-1 if opened[name] else 0) if closing else 1
        if name in _NEVER_OPEN:
            step = 0
        opened[name] += step
        depth += step
        formats += step if name in _FORMATS else 0
        work += depth + _REOPENED * formats
        if depth >= _DEEPEST or work > _MOST_WORK:
            return Problem(code=ProblemCode.HTML_TOO_LARGE)
    return None


def make_safe(markup: str) -> str:
    """Return HTML without scripts, styles, forms and anything that would be fetched."""
    return _CLEANER.clean(markup).strip()


def read_page(markup: str) -> lxml_html.HtmlElement | None:
    """Return the tree of the page, or None where there is none to be had."""
    try:
        page: lxml_html.HtmlElement = lxml_html.document_fromstring(  # type: ignore[no-untyped-call]
            _XML_DECLARATION.sub("", markup, count=1)
        )
    except (etree.ParserError, ValueError):
        return None
    return page


def page_text(page: lxml_html.HtmlElement | None, markup: str) -> str:
    """Return the words of a page, laid out in lines."""
    rough = rough_text(markup)
    tags = markup.count("<")
    if page is None or tags > _MANY or tags * len(markup) > _TAGS_AND_LETTERS:
        return tidy(rough)
    try:
        text = lay_out(page)
    except TooWide:
        return tidy(rough)
    # libxml2 gives up on pages that nest deeper than 256 levels, and the rest would be lost.
    return tidy(text if _letters(text) * 2 >= _letters(rough) else rough)


def rough_text(markup: str) -> str:
    """Return the words without their layout; works on everything, in linear time."""
    visible, hidden = [], False
    for piece in _HIDDEN.split(markup):
        if _HIDDEN.fullmatch(piece):
            hidden = not piece.startswith(("</", "-->"))
        elif not hidden:
            visible.append(piece)
    text = _TAG.sub("", _BREAK.sub("\n", "".join(visible)))
    return entities.unescape(_NO_LETTER.sub("", text))


def _letters(text: str) -> int:
    return len("".join(text.split()))


def tidy(text: str) -> str:
    """Return the text without blanks around it and with no more than one empty line at a time."""
    lines = [line.rstrip() for line in text.split("\n")]
    # All lines but blank ones are moved to the left by what they have in common.
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line]
    # Of a sorted list, what the first and the last have in common, all have.
    pair = (min(indents), max(indents)) if indents else ("", "")
    margin = next((n for n, (a, b) in enumerate(zip(*pair, strict=False)) if a != b), len(pair[0]))
    return _MANY_BLANK.sub("\n\n", "\n".join(line[margin:] for line in lines)).strip("\n")
