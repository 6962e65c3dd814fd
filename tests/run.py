"""Runs the tests with real parts, on all cores: everything, or the part that the arguments name.

`--changed` runs the tests of what differs from main; see tests/changed.py. All else goes to pytest.
"""

import sys
import time
from collections.abc import Sequence

import pytest
from tests.changed import tests_of_what_changed

WORKERS = "-n3"  # on two cores: whole hubs mostly wait
WORDS = ("passed", "failed", "error", "skipped")


class Counts:
    """Keeps what pytest counted, for the last line."""

    def __init__(self) -> None:
        self.numbers = dict.fromkeys(WORDS, 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self.numbers = {word: len(terminalreporter.stats.get(word, ())) for word in WORDS}

    def __str__(self) -> str:
        return ", ".join(f"{count} {word}" for word, count in self.numbers.items())


def main(arguments: Sequence[str]) -> int:
    began = time.monotonic()
    if "--changed" in arguments:
        wanted = tests_of_what_changed()
        if not wanted:
            print("nothing has changed that a test is for")
            return 0
        arguments = [*wanted, *(one for one in arguments if one != "--changed")]
    counts = Counts()
    options = ["-q", WORKERS, "--no-loadscope-reorder", "--debian"]
    code = pytest.main([*options, *arguments], plugins=[counts])
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    said = "all passed" if code == 0 else f"NOT all passed (pytest's code {int(code)})"
    print(f"{said}: {counts}; {minutes} min {seconds} s")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
