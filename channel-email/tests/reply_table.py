"""Read the tables of replies, for their test and for the bench: what each mail is to be split into.

`replies.toml` has whole samples, ours and those of others beside the project; `words.toml` mails
whose every line says what it is.
"""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from pathlib import Path
from typing import Any

from channel_email.parse import Context, parse
from channel_email.parse.mark import marked_text
from channel_email.parse.reply import split_reply
from hub_contract.events import MessageContent
from hub_contract.words import Body

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC))
SAMPLES = tomllib.loads((HERE / "replies.toml").read_text())
MAILS = tomllib.loads((HERE / "words.toml").read_text())["mail"]
PARTS = {"T": "text", "Q": "quoted", "S": "signature"}


@dataclass(frozen=True, slots=True)
class Case:
    """`split` says what comes of the mail, in the form of `want`: text, quotation, signature."""

    name: str
    want: tuple[str, str, str]
    split: Callable[[], tuple[str, str, str]]
    sample: Path | None = None  # where it is not in the table itself

    @property
    def is_there(self) -> bool:
        return self.sample is None or self.sample.exists()


def cases() -> Iterator[Case]:
    yield from map(_of_sample, SAMPLES["reply"])
    yield from map(_of_lines, MAILS)


def path_of(name: str) -> Path:
    where, _, rest = name.partition("/")
    return SHARED / rest if where == "shared" else HERE / "samples" / "replies" / rest


def split_file(path: Path) -> Body:
    if path.suffix == ".eml":
        return _split_mail(path.read_bytes())
    text = path.read_text()
    return split_reply(marked_text(text) if path.suffix == ".html" else text)


def _of_sample(row: dict[str, Any]) -> Case:
    path = path_of(row["file"])
    text = SAMPLES["fusce"] if row["text"] == "@fusce" else row["text"]
    begins = row.get("signature_begins")

    def split() -> tuple[str, str, str]:
        body = split_file(path)
        signature = body.signature[: len(begins)] if begins else body.signature
        return body.text, body.quoted.split("\n")[0].strip(), signature

    want = text, row.get("quoted_begins", ""), begins or row.get("signature", "")
    return Case(row["file"], want, split, path)


def _of_lines(row: dict[str, Any]) -> Case:
    lines = [(PARTS[line[0]], line[2:].replace("␣", " ")) for line in row["lines"].splitlines()]
    written = row.get("html") or "\n".join(text for _, text in lines) + "\n"
    header = (
        f"From: Petra Kunze <petra@dorfpost.example>\n"
        f"Subject: {Header(row['subject'], 'utf-8').encode()}\n"
        f"Content-Type: text/{'html' if 'html' in row else 'plain'}; charset=utf-8\n\n"
    )

    def split() -> tuple[str, str, str]:
        body = _split_mail(f"{header}{written}".encode())
        return _bare(body.text), _bare(body.quoted), _bare(body.signature)

    text, quoted, signature = (
        _bare("\n".join(line for its, line in lines if its == part)) for part in PARTS.values()
    )
    return Case(row["name"], (text, quoted, signature), split)


def _bare(text: str) -> str:
    """Return the lines that are not blank: how many stand between is not what the table is about."""
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def _split_mail(raw: bytes) -> Body:
    content = parse(raw, CONTEXT).event.content
    assert isinstance(content, MessageContent)
    return content.body
