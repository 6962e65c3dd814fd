"""Reads the text of an answer as paragraphs and lists: pure, linear, and total.

An empty line ends a paragraph; each line of it stays one. `- `, `* `, `• ` begin an item of a list,
`1. ` or `1) ` one of a numbered list, whose numbers stay as they are written; lines that are
indented belong to the item above.
"""

import re
from collections.abc import Iterator
from typing import Any

_ITEM = re.compile(r"\s{0,8}(?:[-*•–]|(\d{1,3})[.)])\s+(\S.*)")


def blocks_of(text: str) -> list[dict[str, Any]]:
    """Return `{"kind": "paragraph", "lines"}`, `{"kind": "list", "items"}` in order.

    An item is `{"number": "1." or "", "lines"}`.
    """
    return list(_join(_lines(text)))


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, number and words of every line."""
    before = ""
    for line in text.expandtabs(4).splitlines():
        item = _ITEM.fullmatch(line.rstrip())
        if not line.strip():
            before = ""
        elif item:
            before = "item"
            yield "item", f"{item[1]}." if item[1] else "", item[2]
            continue
        elif before == "item" and line.startswith("  "):
            yield "more", "", line.strip()
            continue
        else:
            before = "line"
        yield before or "end", "", line.strip()


def _join(lines: Iterator[tuple[str, str, str]]) -> Iterator[dict[str, Any]]:
    block: dict[str, Any] = {}
    for kind, number, words in lines:
        wanted = {"line": "paragraph", "item": "list"}.get(kind, "")
        if kind != "more" and wanted != block.get("kind", ""):
            if block:
                yield block
            block = {"kind": wanted, "lines": [], "items": []} if wanted else {}
        if kind == "line":
            block["lines"].append(words)
        elif kind == "item":
            block["items"].append({"number": number, "lines": [words]})
        elif kind == "more":
            block["items"][-1]["lines"].append(words)
    if block:
        yield block
