"""Finds who asks which channel it is: outside its own package, only the row of a channel may tell.

    python -m tests.seam

A module or template that compares with a channel, keeps something for each of them, or names the
package of one, is a place that the next channel would have to find. `hub_contract.channels` is
there to be asked instead.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from hub_contract.words import Channel, ContactKind

ROOT = Path(__file__).parents[1]
WORDS = {channel.value for channel in Channel}
# Kinds of contact points that templates must not tell apart either.
_SHOWN = WORDS | {kind.value for kind in ContactKind}
_PACKAGE = re.compile(rf"channel[_-]({'|'.join(WORDS)})(?![a-z])")
_SQL = re.compile(rf"\bchannel\s*(?:=|<>|!=|in)\s*\(?\s*'(?:{'|'.join(WORDS)})'", re.IGNORECASE)
_SCRIPT = re.compile(
    rf"[=!]==?\s*[\"'`](?:{'|'.join(WORDS)})[\"'`]|case\s+[\"'](?:{'|'.join(WORDS)})"
)
# Where it is right, and why; what needs it no more is reported too.
ALLOWED = {
    "hub_contract/channels.py": "the rows themselves",
    "gateway/route.py": "the citizen's pages are what the door shows to who names no service",
    "gateway/settings.py": "where they are",
    "local_hub/testing.py": "tests send mails by the listener for mail",
    "local_hub/demo/": "the demo tells one story: a form, a mail, an answer by both ways",
}


def find(root: Path = ROOT) -> list[str]:
    """Return every place, as `file:line: what`, and every allowance that nothing needs."""
    found: list[str] = []
    needed: set[str] = set()
    for path in _files(root):
        inside = path.as_posix().partition("/src/")[2]
        allowed = next((name for name in ALLOWED if inside.startswith(name)), "")
        places = list(look(path))
        if places and allowed:
            needed.add(allowed)
        elif places:
            shown = path.relative_to(root)
            found += [f"{shown}:{line}: {what}" for line, what in places]
    return found + [f"tests/seam.py: nothing in {name} needs it" for name in {*ALLOWED} - needed]


def _files(root: Path) -> Iterator[Path]:
    members = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    for member in members["members"]:
        for path in sorted((root / member / "src").rglob("*")):
            if path.suffix in _LOOKS and not {"vendor", "axe"} & {*path.parts}:
                yield path


def look(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and words of every place in this file; a channel may name itself."""
    own = _PACKAGE.search(path.as_posix().partition("/src/")[2].partition("/")[0])
    text = path.read_text(encoding="utf-8")
    for line, word, what in _LOOKS[path.suffix](text):
        if own is None or (word and word != own[1]):
            yield line, what


Place = tuple[int, str, str]  # line, the one channel that it is about, what it is


def in_module(text: str) -> Iterator[Place]:
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Attribute(value=ast.Name(id="Channel"), attr=name) if name.lower() in WORDS:
                yield line, name.lower(), f"Channel.{name}"
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
                yield from _package(line, name)
            case ast.ImportFrom(module=str(name)):
                yield from _package(line, name)
            case ast.Compare(left=left, comparators=others):
                for word in _words(left, *others):
                    yield line, "", f"compares with {word!r}"
            case ast.MatchValue(value=ast.Constant(value=word)) if word in WORDS:
                yield line, "", f"case {word!r}"
            case ast.Call(func=ast.Name(id="Channel"), args=[ast.Constant(value=word)]):
                yield line, "", f"Channel({word!r})"
            case ast.Dict(keys=keys) if len(words := _words(*keys)) > 1:
                yield line, "", f"keeps something for each of {', '.join(words)}"
            case ast.Constant(value=str(said)) if found := _SQL.search(said):
                yield line, "", found[0]
            case ast.Constant(value=str(said)):
                yield from _package(line, said)


def _package(line: int, name: str) -> Iterator[Place]:
    if found := _PACKAGE.match(name):
        yield line, found[1], f"names {found[0]}"


def _words(*parts: ast.expr | None) -> list[str]:
    """Return the channels among these constants, and within tuples, lists and sets of them."""
    found = []
    for part in parts:
        match part:
            case ast.Constant(value=str(word)) if word in WORDS:
                found.append(word)
            case ast.Tuple(elts=inner) | ast.List(elts=inner) | ast.Set(elts=inner):
                found += _words(*inner)
    return found


def in_template(text: str) -> Iterator[Place]:
    parsed = _JINJA.parse(text)
    for node in parsed.find_all(nodes.Const):
        if node.value in _SHOWN:
            yield node.lineno, "", f"asks for {node.value!r}"
    for node in parsed.find_all(nodes.Getattr):
        yield from _package(node.lineno, node.attr)


_JINJA = Environment(extensions=["jinja2.ext.i18n"])


def in_script(text: str) -> Iterator[Place]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := _SCRIPT.search(line):
            yield number, "", found[0]


_LOOKS = {".py": in_module, ".html": in_template, ".js": in_script}


if __name__ == "__main__":
    places = find()
    print("\n".join(places) or "No one asks which channel it is.")
    sys.exit(bool(places))
