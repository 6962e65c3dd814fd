"""What a hosted provider said: its file, and words and numbers out of its JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Media:
    """A fax's file, or why there is none: "too_large", "missing"."""

    data: bytes = b""
    fault: str = ""


def count_of(said: object) -> int | None:
    """Return a number of pages or seconds; None where it is none, or no likely one."""
    is_count = isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 1_000_000
    return said if is_count and isinstance(said, int) else None


def text(said: Mapping[str, Any], key: str) -> str:
    """Return what stands under this key, where it is text."""
    value = said.get(key)
    return value[:2000] if isinstance(value, str) else ""
