"""Chooses the language of a page, and reads the words of every language from .po files.

German is the source: a German page shows the msgids as they are.
"""

import gettext
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection

LANGUAGES = ("de", "en")
COOKIE = "faden_language"
OWN = Path(__file__).parent / "words"


def language_of(request: HTTPConnection) -> str:
    """Return what was chosen on the page (?lang=, cookie), else what the browser asks for."""
    chosen = (request.query_params.get("lang"), request.cookies.get(COOKIE))
    for tag in (*chosen, *accepted(request.headers.get("accept-language", ""))):
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def accepted(header: str) -> list[str]:
    """Return the primary language tags of an Accept-Language header, the dearest first."""
    wishes = []
    for part in header.split(",")[:20]:
        tag, _, parameters = part.partition(";")
        name, _, value = parameters.partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            wishes.append((weight, tag.strip().partition("-")[0].lower()))
    return [tag for _, tag in sorted(wishes, key=lambda wish: -wish[0])]


def read_words(language: str, folders: Sequence[Path]) -> gettext.NullTranslations:
    """Return the words of a language from `<folder>/<language>.po`; later folders fill gaps."""
    if language == LANGUAGES[0]:
        return gettext.NullTranslations()
    first, *others = [_read(folder / f"{language}.po") for folder in folders]
    for other in others:
        first.add_fallback(other)
    return first


def _read(path: Path) -> gettext.GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.stem))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
