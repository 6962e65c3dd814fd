"""How many mails a second one core reads, from bytes to an event with text, files and marks.

The floor is what Python's own parser needs to find the parts and undo their transfer encoding,
without a look at one header, address, word or reply.
"""

import email
import email.policy
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import make_mails
from tests.bench.rows import Row
from tests.bench.set_up import Stage

from channel_email.parse import Context, parse

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "email"
CONTEXT = Context("musterstadt", "post", datetime(2026, 11, 3, tzinfo=UTC), "", ())


async def measure(stage: Stage) -> list[Row]:
    seconds = 0.3 if stage.quick else 2.0
    kinds = {
        "plain, 2 KB": [make_mails.plain(n) for n in range(50)],
        "HTML and image, 90 KB": [make_mails.html_with_image(n) for n in range(10)],
        "attachment, 200 KB": [make_mails.with_pdf(n, 200_000) for n in range(5)],
        "attachment, 5 MB": [make_mails.with_pdf(1, 5_000_000)],
    }
    samples = [path.read_bytes() for path in sorted(SAMPLES.rglob("*.eml"))]
    if samples:
        kinds[f"{len(samples)} ugly samples"] = samples
    return [
        Row(name, _rate(_ours, mails, seconds), "mails/s", _rate(_floor, mails, seconds))
        for name, mails in kinds.items()
    ]


def _ours(raw: bytes) -> None:
    parse(raw, CONTEXT)


def _floor(raw: bytes) -> None:
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        part.get_payload(decode=True)


def _rate(read: Callable[[bytes], None], mails: list[bytes], seconds: float) -> float:
    """Return mails a second of processor time: other processes do not count."""
    read(mails[0])
    done, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for mail in mails:
            read(mail)
        done += len(mails)
    return done / (time.process_time() - start)
