"""Draws timelines and lists of conversations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from hub_contract.channels import is_address
from hub_pages.called import say_call
from hub_pages.explained import explain, say_problem
from hub_pages.language import OWN, read_words
from hub_pages.said import DELIVERY, OTHER, REASONS, say_channel, say_word

Json = dict[str, Any]
WIDE = 110
_GOOD, _BAD = {"delivered", "read"}, {"failed", "returned"}
_LINES = 4  # of a message's text
FOLDER = Path(__file__).parent


@cache
def sayer(language: str) -> Callable[[str], str]:
    """Return the function that says a German sentence in this language."""
    return read_words(language, [FOLDER / "words", OWN]).gettext


@dataclass(frozen=True, slots=True)
class Paper:
    """How to draw: below WIDE characters the first three columns share one."""

    width: int
    language: str = "de"

    @property
    def wide(self) -> bool:
        return self.width >= WIDE

    def say(self, text: str) -> str:
        return sayer(self.language)(text)


def draw_timeline(entries: list[Json], title: str, ours: str, paper: Paper) -> Table:
    """Return a timeline, one row an entry; `ours` is who writes what goes out."""
    table = Table(title=title, title_justify="left", show_lines=True, expand=True)
    head = [paper.say("Wann"), paper.say("Wer"), paper.say("Kanal")]
    for name in head if paper.wide else [" · ".join(head)]:
        table.add_column(name, min_width=8)
    columns = (paper.say("Was"), 5), (paper.say("Zustellung"), 2), (paper.say("Warum hier"), 3)
    for name, ratio in columns:
        table.add_column(name, ratio=ratio, min_width=10)
    for entry in entries:
        first = [
            Text(moment(entry["at"])),
            _who(entry, ours, paper),
            Text(_channel(entry, paper)),
        ]
        table.add_row(
            *(first if paper.wide else [Text("\n").join(first)]),
            _what(entry, paper),
            _delivery(entry, paper),
            _why(entry, paper),
        )
    return table


def draw_list(conversations: list[Json], title: str, paper: Paper) -> Table:
    """Return the conversations, one row each."""
    columns = (
        *(paper.say("Zuletzt"), paper.say("Wer"), paper.say("Kanal"), paper.say("Was")),
        *(paper.say("Einträge"), paper.say("Vorgangsnummer")),
    )
    table = Table(*columns, title=title, title_justify="left")
    for one in conversations:
        table.add_row(
            moment(one["last_at"]),
            _name(one, paper),
            say_channel(one["channel"], paper.say),
            Text(one.get("subject") or one.get("excerpt") or "–"),
            str(one["entries"]),
            one["reference"],
        )
    return table


def moment(value: str) -> str:
    """Return a moment as the clock on this wall shows it; of today without the date."""
    local = datetime.fromisoformat(value).astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return f"{local:%H:%M:%S}" if today else f"{local:%d.%m.%Y %H:%M}"


def _who(entry: Json, ours: str, paper: Paper) -> Text:
    if entry["direction"] != "in":
        return Text(ours, style="cyan")
    return _name(entry, paper)


def _name(entry: Json, paper: Paper) -> Text:
    """Return who it is as people say it; the id of a portal inbox is nobody's name."""
    person = entry.get("person") or {}
    value = person.get("value")
    if value and not is_address(person["kind"]):
        value = paper.say("(ohne Namen)")
    return Text(person.get("name") or value or "–")


def _channel(entry: Json, paper: Paper) -> str:
    arrow = {"in": "→ ", "out": "← "}.get(entry["direction"], "")
    name = arrow + say_channel(entry.get("channel", "–"), paper.say)
    return f"{name}\n{paper.say('automatisch')}" if entry.get("automatic") else name


def _what(entry: Json, paper: Paper) -> Text:
    if entry.get("erased"):
        return Text(paper.say("(Inhalt gelöscht)"), style="dim")
    text = Text(entry.get("subject", ""), style="bold")
    lines = [line for line in entry.get("text", "").splitlines() if line.strip()]
    for line in lines[:_LINES]:
        text.append(f"\n{line}", style="not bold")
    if len(lines) > _LINES or entry.get("more"):
        text.append(" …", style="dim")
    if entry.get("readable") is False:
        text.append("\n" + paper.say("(nicht lesbar; Original liegt bei)"), style="not bold yellow")
    if odd := entry.get("problem"):
        said = say_problem(odd["code"], odd["about"], paper.say)
        text.append(f"\n{said}", style="not bold yellow")
    if called := say_call(entry, paper.say):
        text.append(", ".join(words for _, words in called), style="not bold")
    for name in entry.get("files", ()):
        text.append(f"\n📎 {name}", style="not bold blue")
    return text


def _delivery(entry: Json, paper: Paper) -> Text:
    """Return how far it got, and why not further: «nicht zugestellt: Das Postfach ist voll.»."""
    delivery = entry.get("delivery") or {}
    status, reason = delivery.get("status", ""), delivery.get("reason", "none")
    style = "green" if status in _GOOD else "red" if status in _BAD else "yellow"
    said = say_word(DELIVERY, status, paper.say), say_word(REASONS, reason, paper.say, OTHER)
    return Text(": ".join(filter(None, said)), style=style)


def _why(entry: Json, paper: Paper) -> Text:
    text = Text(explain(entry["reason"]["code"], paper.say))
    for mark in entry.get("marks", ()):
        text.append(f"\n! {explain(mark['code'], paper.say)}", style="yellow")
    return text
