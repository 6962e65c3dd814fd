"""Shows what is under way, so that nothing longer than a second is silent."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from local_hub.prepare import Say


@contextmanager
def show_steps(console: Console) -> Iterator[Say]:
    """Yield what is told each step as it begins; the one before is ticked off with its time.

    An empty step ends the last one without another.
    """
    status = console.status("")
    under_way: list[tuple[str, float]] = []

    def say(step: str) -> None:
        status.stop()
        if under_way:
            words, began = under_way.pop()
            console.print(f"[green]✓[/] {words} [dim]{time.monotonic() - began:.1f} s[/]")
        if step:
            under_way.append((step, time.monotonic()))
            status.update(f"{step} …")
            status.start()

    try:
        yield say
    finally:
        status.stop()
