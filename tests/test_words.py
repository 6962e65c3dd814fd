"""No German sentence stands in the code but where gettext finds it: people read two languages."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_pages.catalogue import find_gaps

ROOT = Path(__file__).parents[1]
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
SOURCES = [
    one for member in WORKSPACE["workspace"]["members"] for one in (ROOT / member).glob("src/*")
]
# An umlaut, or one of the small words that hardly any sentence does without, beside another word.
SMALL = (
    "der|die|das|dem|den|ein|eine|einen|und|oder|nicht|kein|keine|ist|sind|war|wird|wurde|hat|kann"
    "|bitte|Sie|Ihr|Ihre|auf|mit|von|vom|zu|zum|zur|aus|bei|nach|vor|mehr"
)
GERMAN = re.compile(rf"[äöüÄÖÜß]|\s(?:{SMALL})\b|\b(?:{SMALL})\s")
MARKS = frozenset({"_", "gettext", "ngettext", "mark", "say"})
# What is no sentence of ours to anybody, file by file, and why.
DATA = {
    "channel_email/parse/automatic.py": "what citizens' mail programs write into subjects",
    "channel_email/parse/bounce.py": "what foreign mail servers write",
    "channel_email/parse/dialects.py": "what foreign mail servers write",
    "channel_email/parse/dialects_more.py": "what foreign mail servers write",
    "channel_email/parse/telling.py": "what foreign mail servers write",
    "channel_email/parse/dates.py": "how citizens' mail programs shorten months",
    "channel_email/parse/devices.py": "what citizens' devices write below their mails",
    "channel_email/parse/forms.py": "what the forms of web sites write",
    "channel_email/parse/labels.py": "what citizens' mail programs write above a quotation",
    "channel_email/parse/quotes.py": "what citizens' mail programs write above a quotation",
    "channel_email/parse/reply.py": "how citizens say that they answer inside a quotation",
    "channel_email/parse/shared.py": "how portals and devices call themselves",
    "channel_email/parse/signature.py": "how citizens end their mails",
    "channel_paper/parse/receipt.py": "what print rooms write into their receipts",
    "channel_phone/render/sentences.py": "the choice of a language is said in each of them",
    "hub_contract/sms_text.py": "the letters of an alphabet",
    "hub_contract/phone_number.py": "what telephone exchanges say instead of a number",
    "hub_contract/postal_address.py": "how countries are called on envelopes",
    "hub_reading/testing/letters.py": "the letters of citizens, drawn for tests",
    "local_hub/demo/facts.py": "the story of the demo is told in German only",
    "local_hub/demo/mails.py": "the letters of the demo's citizens",
    "local_hub/demo/play.py": "the story of the demo is told in German only",
    "local_hub/demo/present.py": "the story of the demo is told in German only",
    "local_hub/demo/run.py": "the story of the demo is told in German only",
    "local_hub/peers/mail/report.py": "plays a foreign mail server",
}


def german_in(source: str, marks: frozenset[str] = MARKS) -> list[int]:
    """Return the lines of the string literals that say something German outside of these calls."""
    tree = ast.parse(source)
    spared = {id(node) for call in ast.walk(tree) for node in _spared(call, marks)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in spared and GERMAN.search(node.value)
    ]


def _spared(node: ast.AST, marks: frozenset[str]) -> Iterator[ast.AST]:
    """Yield what gettext collects below this node, and its docstring."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in marks:
            for argument in node.args:
                yield from ast.walk(argument)
        case ast.Expr(value=ast.Constant()):
            yield node.value


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('raise Permanent("Das geht nicht")', [1]),
        ('x = f"»{name}« heißt hier »{other}« und nicht anders"', [1, 1]),
        ('"""Ein Satz über nichts."""\n\nx = mark("Das geht nicht")', []),
        ('x = self.say("Bitte warten") + _("und dann") + ("a" "ä")', [1]),
        ('x = "text: is empty; write what to send"', []),
    ],
)
def test_german_outside_of_gettext_is_found(source, lines):
    assert german_in(source) == lines


def test_no_german_sentence_stands_outside_of_gettext():
    found: dict[str, list[int]] = {}
    for package in SOURCES:
        for path in package.rglob("*.py"):
            marks = MARKS if _is_collected(path) else frozenset()
            if lines := german_in(path.read_text(encoding="utf-8"), marks):
                found[path.relative_to(package.parent).as_posix()] = lines
    assert {name: lines for name, lines in found.items() if name not in DATA} == {}
    assert DATA.keys() - found.keys() == set(), "needs no exception any more"


def _is_collected(path: Path) -> bool:
    return any((folder / "words" / "en.po").exists() for folder in path.parents)


def test_every_catalogue_is_whole():
    folders = [path.parents[1] for package in SOURCES for path in package.rglob("words/en.po")]
    assert len(folders) >= 6
    assert {folder.name: gaps for folder in folders if (gaps := find_gaps(folder))} == {}
