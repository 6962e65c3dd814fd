"""Typesets a template with its data, in this process: one compiler a template, used again.

`typst` keeps what it has worked out (fonts, the template's own parts), so that a letter takes some
milliseconds. No fonts of the system, no packages, no files but the templates: the same data are
the same page everywhere.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import typst

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
FAMILY = "Noto Sans"
ARCHIVE: Final = "a-2b"  # PDF/A-2b (ISO 19005-2): what an authority may keep for ever
_lock = Lock()  # a compiler does one thing at a time


def typeset(template: str, data: Mapping[str, Any], at: datetime) -> bytes:
    """Return `templates/<template>.typ` as tagged PDF/A-2b; `at` is the day it was made."""
    with _lock:
        made = _compiler(template).compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            pdf_standards=[ARCHIVE],
            timestamp=at,
        )
    assert isinstance(made, bytes)
    return made


@cache
def _compiler(template: str) -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    path = HERE / "templates" / f"{template}.typ"
    return typst.Compiler(path, root=HERE / "templates", font_paths=fonts)
