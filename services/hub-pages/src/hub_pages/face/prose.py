"""Turns a town's Markdown into a part of our pages: no HTML, no pictures, known links. Pure."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from hub_pages.face.fault import Fault

MOST_BYTES = 100_000
_GOOD = re.compile(r"(?:https?://|mailto:|tel:)[^\s]++", re.IGNORECASE)
_CLASSES = {
    "p": "kern-body",
    "a": "kern-link",
    "h2": "kern-heading-medium",
    "h3": "kern-heading-small",
    "ul": "kern-list kern-list--bullet",
    "ol": "kern-list kern-list--number",
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
# Where the library finds a link bad it shows it as words; `_links` refuses it, with the line.
_MARKDOWN.validateLink = bool  # type: ignore[assignment, method-assign]


def to_html(file: str, data: bytes) -> tuple[Markup, list[Fault]]:
    """Return the text as HTML whose first heading is an <h2>, and what is wrong with it."""
    if len(data) > MOST_BYTES:
        said = f"has {len(data)} bytes, and {MOST_BYTES} are allowed"
        return Markup(), [Fault(file, "", said, "shorten it")]
    try:
        tokens = _MARKDOWN.parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Markup(), [Fault(file, "", "is not UTF-8", "save it as UTF-8")]
    faults = [*_headings(file, tokens), *_links(file, tokens)]
    for token in tokens:
        _dress(token)
        for child in token.children or ():
            _dress(child)
    written = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup("" if faults else written), faults  # noqa: S704 - it escapes all that is typed


def _headings(file: str, tokens: list[Token]) -> Iterator[Fault]:
    """Move headings below the page's own one; a level left out confuses who cannot see them."""
    found = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    down = 2 - min((int(token.tag[1]) for token in found), default=2)
    last = 1
    for token in found:
        level = int(token.tag[1]) + down
        if token.type == "heading_open":
            if level > last + 1:
                said = f"a heading of level {level - down} follows one of level {last - down}"
                yield Fault(file, _line(token), said, "leave no level out")
            last = level
        token.tag = f"h{min(level, 6)}"


def _links(file: str, tokens: list[Token]) -> Iterator[Fault]:
    for token in tokens:
        for child in token.children or ():
            address = str(child.attrGet("href") or "")
            if child.type == "link_open" and not _GOOD.fullmatch(address):
                said = f"a link may not lead to {address[:60]!r}"
                yield Fault(file, _line(token), said, "begin it with https://, mailto: or tel:")


def _line(token: Token) -> str:
    return f"line {token.map[0] + 1}" if token.map else ""


def _dress(token: Token) -> None:
    if token.nesting == 1 and token.tag in _CLASSES:
        token.attrSet("class", _CLASSES[token.tag])
