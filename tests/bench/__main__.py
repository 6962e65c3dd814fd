"""Measures Faden on this machine beside the machine's own floors: `python -m tests.bench`."""

import argparse
import importlib
import os
import platform
import sys
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console
from tests.bench.rows import Row, print_rows, write_json
from tests.bench.set_up import Stage

from hub_kit.embedded import start_postgresql
from hub_kit.testing import Cluster

# One file, one question; in this order they are asked.
QUESTIONS = {
    "ceiling": "how many events a second these cores could carry if each step cost its floor",
    "inserts": "how many rows a second PostgreSQL takes in batches, and what the log costs on top",
    "hooks": "how many hooks a second are answered 202 only once they are safe",
    "sms": "how many signed SMS a second are safe, and how many go out with their receipts",
    "smtp": "how many mails a second are answered 250 only once they are safe",
    "end_to_end": "how many events a second reach the timeline from a hook, on both buses",
    "latency": "how long it takes from a yes to the timeline, at 500 a second",
    "mailbox": "how fast mails in a Dovecot mailbox come into the timeline, and how soon one does",
    "first_page": "how long the first page of a timeline takes, small and large",
    "queue": "how long a page of the agent's queue takes among 100,000, exact counts included",
    "desk": "how long a conversation takes at the desk, and a message from commit to the page",
    "portal": "how many status pages a second a citizen's portal shows, and how long one takes",
    "trim": "whether a hub that takes in a million events keeps its size and its speed",
    "bounces": "of how many bounces it is told rightly why they came back",
    "parse": "how many mails a second one core reads",
    "replies": "how many replies of the project's tables are split right",
    "letters": "how many letters a second one process makes, checked and with their codes",
    "ocr": "how many pages a minute one core reads, beside bare Tesseract and ocrmypdf",
    "codes": "of how many pages references and codes are found, as scans and as faxes",
    "worst": "how long other mails wait while the worst ones come in one after another",
}


def main() -> None:
    given = _arguments()
    rows: list[tuple[str, Row]] = []
    try:
        _ask(given.only, rows, quick=given.quick)
    finally:  # what was measured before a question failed is worth a look
        print_rows(Console(width=None if sys.stdout.isatty() else 150), rows, machine())
        if given.json:
            write_json(given.json, rows, machine())


def _ask(questions: list[str], rows: list[tuple[str, Row]], *, quick: bool) -> None:
    console = Console(stderr=True)
    with (
        tempfile.TemporaryDirectory(prefix="faden-bench-") as name,
        console.status("starting PostgreSQL") as status,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # its server runs as a user of its own where we are root
        with start_postgresql(folder / "pg") as dsn:
            stage = Stage(folder, Cluster(dsn), quick, status.update)
            for question in questions:
                status.update(f"{question}: {QUESTIONS[question]}")
                module = importlib.import_module(f"tests.bench.{question}")
                rows += [(question, row) for row in uvloop.run(module.measure(stage))]


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, Python {platform.python_version()}, uvloop"


def _arguments() -> argparse.Namespace:
    asked = "\n".join(f"  {name:12} {question}" for name, question in QUESTIONS.items())
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=f"{__doc__}\n\n{asked}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_questions, default=list(QUESTIONS), metavar="A,B")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, one round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    return parser.parse_args()


def _questions(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if unknown := set(names) - set(QUESTIONS):
        raise argparse.ArgumentTypeError(
            f"no such question: {', '.join(sorted(unknown))}; there are {', '.join(QUESTIONS)}"
        )
    return [name for name in QUESTIONS if name in names]


if __name__ == "__main__":
    main()
