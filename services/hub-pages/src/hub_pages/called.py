"""Says how a call went: its result, how long it took, and who wishes to be called back when."""

from collections.abc import Callable, Mapping
from typing import Any

from hub_pages.said import mark

# What was recorded is called so by the kind of its entry.
_OUTCOMES = {
    "answered": ("success", mark("entgegengenommen")),
    "missed": ("warning", mark("verpasst")),
    "no_answer": ("warning", mark("nicht erreicht")),
    "busy": ("warning", mark("besetzt")),
    "failed": ("danger", mark("nicht zustande gekommen")),
}
_WISHES = {  # day, part of it
    ("none", "any"): mark("wünscht Rückruf"),
    ("none", "morning"): mark("wünscht Rückruf am Vormittag"),
    ("none", "afternoon"): mark("wünscht Rückruf am Nachmittag"),
    ("today", "any"): mark("wünscht am selben Tag Rückruf"),
    ("today", "morning"): mark("wünscht am selben Tag vormittags Rückruf"),
    ("today", "afternoon"): mark("wünscht am selben Tag nachmittags Rückruf"),
    ("tomorrow", "any"): mark("wünscht am Tag danach Rückruf"),
    ("tomorrow", "morning"): mark("wünscht am Tag danach vormittags Rückruf"),
    ("tomorrow", "afternoon"): mark("wünscht am Tag danach nachmittags Rückruf"),
}


def say_call(entry: Mapping[str, Any], say: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return tone and words of each fact of a call, as the store's line of it has them."""
    found = []
    if outcome := _OUTCOMES.get(entry.get("outcome", "")):
        found.append((outcome[0], say(outcome[1])))
    if entry.get("seconds") is not None:
        minutes, seconds = divmod(entry["seconds"], 60)
        found.append(("plain", say(mark("{}:{:02} Min.")).format(minutes, seconds)))
    if wish := entry.get("callback"):
        text = _WISHES.get((wish["day"], wish["part"]), _WISHES["none", "any"])
        found.append(("warning", say(text)))
    return found
