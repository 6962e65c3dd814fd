"""Makes the sheet that parts two documents of one pile: Code 128 and Code 39 with PATCHT, our code.

PATCHT is what scanners and other archives know; ours says that the sheet is from here.
"""

from datetime import UTC, datetime
from functools import cache

from hub_contract.page_codes import SEPARATOR
from hub_print.draw_code import code_39, code_128, data_matrix
from hub_print.labels import labels
from hub_print.typeset import typeset

PATCH = "PATCHT"
_AT = datetime(2026, 1, 1, tzinfo=UTC)  # every such sheet is the same


@cache
def separator(language: str = "de") -> bytes:
    """Return one sheet as PDF, to be printed as often as piles need it."""
    say = labels(language)
    data = {
        "labels": say,
        "language": language.partition("-")[0] or "de",
        "title": say["separator"],
        "author": "",
        "upper": code_128(PATCH),
        "lower": code_39(PATCH),
        "matrix": data_matrix(SEPARATOR),
    }
    return typeset("separator", data, _AT)
