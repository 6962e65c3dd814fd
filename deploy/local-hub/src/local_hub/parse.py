"""`faden parse CHANNEL FILE…`: what Faden makes of an original, one opened event a line."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from hub_contract.events import Arrival
from hub_contract.topics import to_json
from hub_contract.words import Channel
from hub_kit.about import names
from hub_kit.channel import Frame, find_channel
from hub_kit.settings import ConfigurationError, Loaded


def parse_files(
    channel: str, files: Iterable[Path], loaded: Loaded | None, account: str
) -> Iterator[str]:
    """Yield one JSON event for each file, without any database; `-` is standard input.

    With the settings it is read as `account` (tenant/name) of them, without as anyone would.
    """
    parse = _parser(channel)
    for file in files:
        yield to_json(parse(_read(file), loaded, account).event).decode()


def _parser(channel: str) -> Callable[[bytes, Loaded | None, str], Arrival]:
    found = _frame(channel)
    if found and found.parse:
        return found.parse
    others = [name.removeprefix("channel_") for name in names() if name.startswith("channel_")]
    known = [other for other in others if (frame := _frame(other)) and frame.parse]
    raise ConfigurationError(f"{channel}: nothing to parse here; write {' or '.join(known)}")


def _frame(channel: str) -> Frame[Any, Any] | None:
    try:
        return find_channel(Channel(channel))
    except (ValueError, LookupError):
        return None


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; name a file, or -") from None
