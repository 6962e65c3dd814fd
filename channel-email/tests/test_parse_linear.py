"""Whatever a mail is made of, reading it takes time and memory in proportion to its size.

Shapes are in `worst_mails`. A first look tells nearly all; only what grows too fast is measured
again, larger and three times, so that a busy machine fails nothing.
"""

import importlib.util
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channel_email.parse import Context, fields, read
from channel_email.parse.limits import ATTRIBUTES, DEPTH, FIELD, FIELDS, PARAMETERS, PARTS, TEXT
from hub_contract.events import MessageContent

_spec = importlib.util.spec_from_file_location(
    "worst_mails", Path(__file__).with_name("worst_mails.py")
)
worst_mails = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(worst_mails)
WORST, HEAD = worst_mails.WORST, worst_mails.HEAD

CONTEXT = Context(
    "musterstadt",
    "post",
    datetime(2026, 3, 12, tzinfo=UTC),
    "bounce@m.de",
    ("post@stadt.de",),
    domain="stadt.de",
)
SIZE, LARGER = 25_000, 320_000
GROWTH = 2.6  # for twice the size: 2 is linear, 4 is quadratic
MEMORY = 64_000_000  # bytes beside eight times the mail


def seconds(raw: bytes) -> float:
    """Return the processor time of the quickest of a few tries, without what is remembered."""
    best = float("inf")
    for _ in range(3):
        fields._known_type.cache_clear()
        fields._known_disposition.cache_clear()
        start = time.process_time()
        read(raw, CONTEXT)
        best = min(best, time.process_time() - start)
    return best


def memory(raw: bytes) -> int:
    tracemalloc.start()
    try:
        read(raw, CONTEXT)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def grows(make: Callable[[int], bytes], cost: Callable[[bytes], float]) -> bool:
    sizes = (SIZE, LARGER, LARGER, LARGER)
    return all(cost(make(2 * size)) > GROWTH * cost(make(size)) for size in sizes)


@pytest.mark.parametrize("shape", WORST)
def test_time_and_memory_grow_with_the_size(shape: str) -> None:
    make = WORST[shape]
    assert not grows(make, seconds)
    assert not grows(make, memory)
    assert memory(make(4 * SIZE)) < 8 * 4 * SIZE + MEMORY


def problems_of(raw: bytes) -> list[str]:
    content = read(raw, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    return [f"{p.code}: {p.about}" if p.about else str(p.code) for p in content.problems]


NEST = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(DEPTH + 1)
)


@pytest.mark.parametrize(
    ("raw", "problems"),
    [
        (HEAD + b"X-A: " + b"a" * (FIELD + 1) + b"\n\nHallo", ["header_cut: x-a"]),
        (HEAD + b"X-A: " + b"a\n " * FIELD + b"\n\nHallo", ["header_cut: x-a"]),
        (HEAD + b"X-B: y\n" * FIELDS + b"\nHallo", [f"header_too_large: {FIELDS}"]),
        (
            HEAD + (b"X-C: " + b"a" * 60_000 + b"\n") * 18 + b"\nHallo",
            ["header_too_large: 1 MB"],
        ),
        (
            HEAD + b"Content-Type: text/plain" + b"; a=b" * (PARAMETERS + 1) + b"\n\nHallo",
            [f"too_many_parameters: {PARAMETERS}"],
        ),
        (HEAD + b"Content-Type: text/plain" + b"; a=b" * PARAMETERS + b"\n\nHallo", []),
        (
            HEAD
            + b"Content-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\n\nHallo\n" * (PARTS + 2),
            [f"too_many_parts: {PARTS}"],
        ),
        (HEAD + NEST + b"\nHallo", ["nested_too_deep"]),
        (
            HEAD + b"Content-Type: text/html\n\n<p " + b"a=b " * (ATTRIBUTES + 2) + b">Hallo</p>",
            [f"too_many_attributes: {ATTRIBUTES}"],
        ),
        (HEAD + b"\n" + b"Hallo\n" * (TEXT // 5), [f"text_too_long: {TEXT}"]),
    ],
)
def test_what_is_left_out_is_said(raw: bytes, problems: list[str]) -> None:
    assert problems_of(raw) == problems
    arrival = read(raw, CONTEXT)
    assert arrival.original == raw
    assert arrival.event.content.subject == "x"
    # What was written is there: as the text, or in a file.
    assert b"Hallo" in arrival.event.content.body.text.encode() + b"".join(arrival.files)
