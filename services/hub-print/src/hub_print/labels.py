"""The few words that stand on every page by themselves: German here, English in `words/en.po`."""

import gettext
from functools import cache
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from hub_print.typeset import HERE


def mark(text: str) -> str:
    """Mark words for the catalogue."""
    return text


LABELS = {
    "page": mark("Seite"),
    "of": mark("von"),
    "reference": mark("Vorgangsnummer"),
    "day": mark("Datum"),
    "author": mark("Auskunft gibt"),
    "telephone": mark("Telefon"),
    "mail": mark("E-Mail"),
    "enclosures": mark("Anlagen"),
    "pages": mark("Seiten"),
    "one_page": mark("Seite"),
    "fax_title": mark("Fax"),
    "fax_to": mark("An"),
    "fax_from": mark("Von"),
    "fax_pages": mark("Seiten mit diesem Blatt"),
    "fax_wrong": mark(
        "Ist dieses Fax nicht für Sie bestimmt? Bitte rufen Sie uns an und vernichten Sie es."
    ),
    "code": mark("Code mit der Vorgangsnummer"),
    "separator": mark("Trennblatt"),
    "separator_about": mark(
        "Legen Sie dieses Blatt zwischen zwei Schreiben, bevor Sie den Stapel scannen."
    ),
    "separator_again": mark("Es kann beliebig oft verwendet werden und wird nicht aufbewahrt."),
}


def labels(language: str) -> dict[str, str]:
    """Return the words by their keys; whoever reads neither language reads German."""
    say = _english().gettext if language.partition("-")[0].lower() == "en" else str
    return {key: say(words) for key, words in LABELS.items()}


@cache
def _english() -> gettext.GNUTranslations:
    compiled = BytesIO()
    with (HERE / "words" / "en.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale="en"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
