"""Makes the cover sheet of a fax, on which the text begins: pure.

The same names as `hub_print.cover`, which takes this module's place once it is there.
"""

import json
from dataclasses import dataclass
from datetime import date

import typst

from hub_contract.references import show_reference

_DAY = {"de": "{0.day}.{0.month}.{0.year}", "en": "{0.day}/{0.month}/{0.year}"}
_WORDS = {
    "de": {
        "to": "An",
        "from": "Von",
        "author": "Es schreibt Ihnen",
        "day": "Datum",
        "reference": "Vorgang",
        "pages": "Seiten",
        "wrong": "Ist dieses Fax nicht für Sie? Dann sagen Sie uns bitte Bescheid und vernichten"
        " Sie es.",
    },
    "en": {
        "to": "To",
        "from": "From",
        "author": "Written by",
        "day": "Date",
        "reference": "Reference",
        "pages": "Pages",
        "wrong": "Is this fax not for you? Please let us know, and destroy it.",
    },
}
# 11.5 pt and all black: a fax at Standard has 98 lines an inch.
_TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set text(size: 11.5pt, lang: data.language)
#set page(paper: "a4", margin: (x: 22mm, top: 22mm, bottom: 20mm),
  footer: context align(right, [#data.reference #h(1fr) #counter(page).display()]))
#grid(columns: (1fr, auto), text(size: 15pt, weight: "bold", data.sender),
  text(size: 26pt, weight: "bold", "Fax"))
#line(length: 100%, stroke: 0.6mm)
#grid(columns: (50mm, 1fr), row-gutter: 0.8em,
  ..data.rows.map(row => (strong(row.at(0) + ":"), row.at(1))).flatten(),
  strong(data.pages + ":"), context [#(counter(page).final().first() + data.behind)])
#line(length: 100%, stroke: 0.6mm)
#text(size: 9.5pt, data.wrong)
#v(4mm)
#strong(data.title)
#for paragraph in data.text { block(paragraph.join(linebreak())) }
"""


@dataclass(frozen=True, slots=True)
class Cover:
    sender: str  # the authority, as citizens read it
    to: str  # the number that is dialled
    text: str
    reference: str  # twelve digits, bare; or empty
    day: date
    to_name: str = ""
    own_number: str = ""
    subject: str = ""
    author: str = ""
    language: str = "de"


def cover(wanted: Cover, behind: int = 0) -> bytes:
    """Return the sheet, and the pages on which its text goes on, as PDF; `behind` are more."""
    language = "en" if wanted.language.startswith("en") else "de"
    say = _WORDS[language]
    shown = show_reference(wanted.reference) if wanted.reference else ""
    rows = {
        "to": ", ".join(filter(None, [wanted.to_name, wanted.to])),
        "from": ", ".join(filter(None, [wanted.sender, wanted.own_number])),
        "author": wanted.author,
        "day": _DAY[language].format(wanted.day),
        "reference": shown,
    }
    data = {
        "language": language,
        "sender": wanted.sender,
        "title": wanted.subject or "Fax",
        "reference": shown,
        "rows": [(say[key], value) for key, value in rows.items() if value],
        "pages": say["pages"],
        "wrong": say["wrong"],
        "behind": behind,
        "text": [part.splitlines() for part in wanted.text.split("\n\n") if part.strip()],
    }
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    made = typst.compile(_TEMPLATE.encode(), format="pdf", sys_inputs=inputs)
    assert isinstance(made, bytes)
    return made
