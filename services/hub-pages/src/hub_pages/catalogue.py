"""Collects every German sentence of a package and compares it with its English catalogue.

    python -m hub_pages.catalogue <package folder> [...]

writes the missing msgids into `words/en.po`, drops the stale ones, and says what awaits a
translation. `find_gaps` is the same look without touching the file, for a test in every service.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from hub_contract.channels import CHANNELS
from hub_pages.language import OWN

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {**DEFAULT_KEYWORDS, "mark": None, "say": None}


def collect(folder: Path) -> Catalog:
    """Return every sentence of the templates and modules below the folder."""
    found = Catalog(locale="en", charset="utf-8", fuzzy=False)
    for name, _line, message, comments, context in extract_from_dir(
        str(folder), _METHODS, keywords=_KEYWORDS
    ):
        found.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    if folder.resolve() == OWN.parent:  # the contract's names of channels are translated here
        for row in CHANNELS.values():
            found.add(row.name)
    return found


def read_catalogue(folder: Path) -> Catalog:
    path = folder / "words" / "en.po"
    if not path.exists():
        return Catalog(locale="en", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale="en")


def find_gaps(folder: Path) -> list[str]:
    """Return what is wrong with the English catalogue: nothing, where it is whole."""
    wanted, have = collect(folder), read_catalogue(folder)
    missing = [one.id for one in wanted if one.id and not _is_said(have, one.id)]
    stale = [one.id for one in have if one.id and one.id not in wanted]
    return [*(f"not translated: {text}" for text in missing), *(f"stale: {text}" for text in stale)]


def _is_said(have: Catalog, key: object) -> bool:
    message = have.get(key)  # type: ignore[arg-type]
    if message is None or message.fuzzy:
        return False
    return bool(all(message.string) if isinstance(message.string, tuple) else message.string)


def update(folder: Path) -> list[str]:
    """Bring the catalogue up to date, keep its translations, and return what is still missing."""
    wanted, have = collect(folder), read_catalogue(folder)
    for message in wanted:
        known = have.get(message.id) if message.id else None
        if known is not None:
            message.string = known.string
    path = folder / "words" / "en.po"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        write_po(file, wanted, omit_header=True, sort_output=True, no_location=True, width=98)
    return find_gaps(folder)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for gap in update(Path(argument)):
            sys.stdout.write(f"{argument}: {gap}\n")
