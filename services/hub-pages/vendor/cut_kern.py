"""Cuts the style sheet of KERN UX to the parts our pages use, for whoever takes a newer release.

    python cut_kern.py <unpacked package>/dist/kern.css > kern.css

The parts are told by the names that KERN's own source files leave in the comments. What is dropped:
the utility classes and the grid (two thirds of it), components no page has, and the second copy of
every icon that browsers before 2023 need.
"""

import re
import sys
from pathlib import Path

DROPPED = {
    "_accordion.scss",
    "_card.scss",
    "_dropdown.scss",
    "_flex-grid-system.scss",
    "_grid.scss",
    "_loader.scss",
    "_progress.scss",
    "_spacing.scss",  # the utilities; the tokens of the same name are told by their text
    "_summary.scss",
    "_task-list.scss",
}
ICONS = (
    "account-circle add arrow-back arrow-down arrow-forward arrow-up autorenew brightness-medium"
    " check chevron-left chevron-right close content-copy danger dark-mode default delete download"
    " draft edit help info language large light-mode logout mail more-vert open-in-new"
    " question-mark search small success visibility warning x-large"
)
_PART = re.compile(r"(?=/\*\*\n ?\* @file )")
_ICON = re.compile(
    r"^\.kern-icon--([a-z-]+) \{\n(?:  .*\n)*\}\n"
    r"(?:@media \(forced-colors: active\) \{\n  \.kern-icon--\1 \{\n(?:    .*\n)*  \}\n\}\n)?",
    re.MULTILINE,
)


def cut(css: str) -> str:
    """Return the parts that are used, without comments and empty lines."""
    kept = "".join(_tail(part) if _is_dropped(part) else part for part in _PART.split(css))
    kept = _ICON.sub(lambda icon: icon[0] if icon[1] in ICONS.split() else "", kept)
    kept = re.sub(r"^\s*-webkit-mask:.*\n", "", kept, flags=re.MULTILINE)
    kept = re.sub(r"/\*.*?\*/", "", kept, flags=re.DOTALL)
    return re.sub(r"\n\s*\n+", "\n", kept)


def _is_dropped(part: str) -> bool:
    name = re.search(r"@file (\S+)", part)
    return name is not None and name[1] in DROPPED and "@brief Tokens" not in part


def _tail(part: str) -> str:
    """Return the typography, which follows the task list without a comment of its own."""
    start = part.find("\n.kern-body {")
    return part[start:] if "_task-list.scss" in part[:40] and start >= 0 else ""


if __name__ == "__main__":
    sys.stdout.write(cut(Path(sys.argv[1]).read_text(encoding="utf-8")))
