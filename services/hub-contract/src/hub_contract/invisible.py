"""Knows the characters that nobody sees, which come along when people copy from pages and PDFs.

Unicode's Default_Ignorable_Code_Point (UAX #44), and the blank of Braille. In texts they have work
to do (emoji, Persian, Hindi), in addresses, numbers and secrets none.
"""

import re

# For character classes of patterns.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")


def without_invisible(text: str) -> str:
    """Return the text without what nobody sees; blanks are seen."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Say whether there is nothing to be seen in it."""
    return not without_invisible(text).strip()
