"""What the pages for people say of this tree is true: every link leads somewhere, no file is forgotten."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|tel:|#)([^)\s#]+)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)  # what it links is another page's
_LEFT_OUT = {"vendor", "node_modules"}


def pages() -> list[Path]:
    found = (
        page
        for page in ROOT.rglob("*.md")
        if not any(part in _LEFT_OUT or part[0] == "." for part in page.relative_to(ROOT).parts)
    )
    return sorted(found)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    links = _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_page_of_the_docs_is_named_where_reading_begins():
    named = set(_LINK.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"} <= named
    assert "docs/README.md" in _LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
