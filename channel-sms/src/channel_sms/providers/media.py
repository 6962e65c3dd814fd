"""A picture or file that came with a message, or why there is none."""

from typing import NamedTuple


class Media(NamedTuple):
    media_type: str  # as the provider says
    data: bytes = b""
    fault: str = ""  # "too_large", "missing"
