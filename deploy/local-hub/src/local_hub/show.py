"""Draws timelines and lists of conversations as tables in the terminal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from hub_contract.channels import is_address
from local_hub.words import name_channel, say, say_delivery

Json = dict[str, Any]
WIDE = 110
_GOOD, _BAD = {"delivered", "read"}, {"failed", "returned"}
_LINES = 4  # of a message's text


@dataclass(frozen=True, slots=True)
class Paper:
    """How to draw: below WIDE characters the first three columns share one."""

    width: int
    language: str = "de"

    @property
    def wide(self) -> bool:
        return self.width >= WIDE


def draw_timeline(entries: list[Json], title: str, ours: str, paper: Paper) -> Table:
    """Return a timeline, one row an entry; `ours` is who writes what goes out."""
    table = Table(title=title, title_justify="left", show_lines=True, expand=True)
    head = [say(column, paper.language) for column in ("when", "who", "channel")]
    for name in head if paper.wide else [" · ".join(head)]:
        table.add_column(name, min_width=8)
    for name, ratio in (("what", 5), ("delivery", 2), ("why", 3)):
        table.add_column(say(name, paper.language), ratio=ratio, min_width=10)
    for entry in entries:
        first = [
            Text(moment(entry["at"])),
            _who(entry, ours, paper.language),
            Text(_channel(entry, paper.language)),
        ]
        table.add_row(
            *(first if paper.wide else [Text("\n").join(first)]),
            _what(entry, paper.language),
            _delivery(entry, paper.language),
            _why(entry),
        )
    return table


def draw_list(conversations: list[Json], title: str, paper: Paper) -> Table:
    """Return the conversations, one row each."""
    columns = ("last", "who", "channel", "what", "entries", "reference")
    names = (say(column, paper.language) for column in columns)
    table = Table(*names, title=title, title_justify="left")
    for one in conversations:
        table.add_row(
            moment(one["last_at"]),
            _name(one, paper.language),
            name_channel(one["channel"], paper.language),
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


def _who(entry: Json, ours: str, language: str) -> Text:
    if entry["direction"] != "in":
        return Text(ours, style="cyan")
    return _name(entry, language)


def _name(entry: Json, language: str) -> Text:
    """Return who it is as people say it; the id of a portal inbox is nobody's name."""
    person = entry.get("person") or {}
    value = person.get("value")
    if value and not is_address(person["kind"]):
        value = say("visitor", language)
    return Text(person.get("name") or value or "–")


def _channel(entry: Json, language: str) -> str:
    arrow = {"in": "→ ", "out": "← "}.get(entry["direction"], "")
    name = arrow + name_channel(entry.get("channel", "–"), language)
    return f"{name}\n{say('automatic', language)}" if entry.get("automatic") else name


def _what(entry: Json, language: str) -> Text:
    if entry.get("erased"):
        return Text(say("erased", language), style="dim")
    text = Text(entry.get("subject", ""), style="bold")
    lines = [line for line in entry.get("text", "").splitlines() if line.strip()]
    for line in lines[:_LINES]:
        text.append(f"\n{line}", style="not bold")
    if len(lines) > _LINES or entry.get("more"):
        text.append(" …", style="dim")
    if entry.get("readable") is False:
        text.append(f"\n{say('unreadable', language)}", style="not bold yellow")
    for name in entry.get("files", ()):
        text.append(f"\n📎 {name}", style="not bold blue")
    return text


def _delivery(entry: Json, language: str) -> Text:
    delivery = entry.get("delivery")
    status = (delivery or {}).get("status", "")
    style = "green" if status in _GOOD else "red" if status in _BAD else "yellow"
    return Text(say_delivery(delivery, language), style=style)


def _why(entry: Json) -> Text:
    text = Text(entry["reason"]["text"])
    for mark in entry.get("marks", ()):
        text.append(f"\n! {mark['text']}", style="yellow")
    return text
