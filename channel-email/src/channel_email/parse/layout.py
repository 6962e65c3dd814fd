"""Lay a page out as text: what the library does, but never more of it than a screen could show.

A cell as wide as a book makes every row as wide, one with a thousand lines every cell as high, and
a style may ask for a margin of a hundred thousand lines: a page of some kilobytes would fill the
memory.
"""

import re

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.table import Table
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.table_tag import table_start_handler
from lxml import html as lxml_html

_LARGEST = 4_000_000  # characters of one table, with the blanks that fill it
_CELLS = 200_000  # lines of cells in it
_LONGEST_STYLE = 2_000  # characters
_LARGE_NUMBER = re.compile(r"\d{3,}+(?:\.\d*+)?|\d{2}(?:\.\d*+)?(?=\s*+[rq]?em)")


class TooWide(Exception):  # noqa: N818 - a finding about a page, not an error of ours
    """The page cannot be laid out; its words can be read without."""


class _Table(Table):
    def _set_row_height(self) -> None:
        cells = 0
        for row in self.rows:
            height = max((cell.normalize_blocks() for cell in row.columns), default=0)
            cells += height * len(row.columns)
            if cells > _CELLS:
                raise TooWide
            for cell in row.columns:
                cell.height = height

    def _set_column_width(self) -> None:
        rows = [[cell.width for cell in row.columns] for row in self.rows]
        widths = [0] * max(map(len, rows))
        for row in rows:
            widths[: len(row)] = [max(pair) for pair in zip(widths, row, strict=False)]
        size = 0
        for row in self.rows:
            for cell, width in zip(row.columns, widths, strict=False):
                size += width * cell.height
                if size > _LARGEST:
                    raise TooWide
                cell.width = width


def _begin_table(state: HtmlDocumentState, attributes: dict[str, str]) -> None:
    table_start_handler(state, attributes)
    was = state.current_table[-1]
    state.current_table[-1] = _Table(was.left_margin_len, was.cell_separator)


_CONFIG = ParserConfig(
    css=CSS_PROFILES["strict"],  # the other profile indents every div, and mails are full of divs
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping({"table": _begin_table}, {}),
)


def lay_out(page: lxml_html.HtmlElement) -> str:
    """Return the text of a page in lines; `TooWide` where it would be too large."""
    for element in page.xpath("//*[@style]"):
        style = element.get("style")
        tame = _LARGE_NUMBER.sub("9", style) if len(style) <= _LONGEST_STYLE else ""
        if tame != style:
            element.set("style", tame)
    try:
        return str(Inscriptis(page, _CONFIG).get_text())
    except (ValueError, OverflowError):  # a number that no letter has
        raise TooWide from None
