"""Make HTML safe to show, and turn it into text, for bodies that come as HTML."""

import html as entities
import re
from textwrap import dedent

import nh3
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml import html as lxml_html

from channel_email.parse.decode import to_text

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"(</?(?:script|style|head|title)\b[^<>]*>|<!--|-->)", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_NESTING = re.compile(
    r"<(/?)(?!br|img|hr|input|meta|link|col|wbr|area|p\b|li\b)[a-z]", re.IGNORECASE
)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_MANY_BLANK = re.compile(r"\n{3,}")
_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]+")
_LONGEST = 1_000_000  # characters
_DEEPEST = 1000  # elements inside elements; beyond that the work grows with the square
_FEW = 2 * _DEEPEST
_MANY = 30_000  # tags that are laid out; that is a hundred newsletters
# The other profile indents every div, and mails are nothing but divs.
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"])


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Keep only pictures that came with the mail: a remote one tells the sender who reads."""
    if attribute == "src":
        return value if value.startswith("cid:") or _DATA_IMAGE.fullmatch(value) else None
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


def is_sane(markup: str) -> bool:
    """Say whether a page can be worked on at all: not endless, not nested without end."""
    if len(markup) > _LONGEST:
        return False
    if markup.count("<") < _FEW:
        return True
    depth = deepest = 0
    for closing in _NESTING.findall(markup):
        depth += -1 if closing else 1
        deepest = max(deepest, depth)
    return deepest < _DEEPEST


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
    if page is None or markup.count("<") > _MANY:
        return tidy(rough)
    text = Inscriptis(page, _CONFIG).get_text()
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
    return entities.unescape(_TAG.sub("", _BREAK.sub("\n", "".join(visible))))


def _letters(text: str) -> int:
    return len("".join(text.split()))


def tidy(text: str) -> str:
    """Return the text without blanks around it and with no more than one empty line at a time."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return _MANY_BLANK.sub("\n\n", dedent(lines)).strip("\n")
