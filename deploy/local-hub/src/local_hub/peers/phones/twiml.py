"""Reads what the hub wants a caller to hear, as strictly as Twilio's own library writes it.

https://www.twilio.com/docs/voice/twiml. A verb or attribute that the library does not know is a
mistake of ours, which Twilio would tell the caller as "an application error has occurred".
"""

import inspect
import re
from collections.abc import Collection
from typing import Any
from xml.etree import ElementTree as ET

from twilio.twiml import voice_response as library  # type: ignore[import-untyped]

_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
_LONGEST_SAY = 4096  # characters; error 13520
# What may be said to one who waits in a queue, and to one who is led out of it (error 12200).
WAITING = frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"})
LEAVING = frozenset({"Play", "Say", "Pause", "Redirect"})


def read_twiml(text: str, allowed: Collection[str] = ()) -> list[ET.Element]:
    """Return the verbs in order; `ValueError` says which of them Twilio would refuse."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - of the hub, on this machine
    except ET.ParseError as error:
        raise ValueError(f"12100: no XML: {error}") from None
    if root.tag != "Response":
        raise ValueError(f"12100: {root.tag} is no Response")
    if allowed and (others := {verb.tag for verb in root} - {*allowed}):
        raise ValueError(f"12200: {', '.join(sorted(others))} may not stand here")
    _check(root, library.VoiceResponse)
    return list(root)


def _check(element: ET.Element, kind: type[Any]) -> None:
    for child in element:
        verb = getattr(kind, child.tag.lower(), None)
        own = getattr(library, child.tag, None)
        if verb is None or own is None:
            raise ValueError(f"12200: {child.tag} does not go into {element.tag}")
        known = inspect.signature(verb).parameters
        for name in child.attrib:
            if _WORDS.sub("_", name).lower() not in known:
                raise ValueError(f"12200: {child.tag} has no {name}")
        if child.tag == "Say" and not 0 < len(child.text or "") <= _LONGEST_SAY:
            raise ValueError("13520: Say has no words, or too many")
        _check(child, own)
