"""A reply is split into its own words, quotation and signature; the table is what people read."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_email.parse import Context, parse
from channel_email.parse.decode import clean
from channel_email.parse.mark import marked_text
from channel_email.parse.reply import has_marks, split_reply
from hub_contract.words import Body

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
DATA = tomllib.loads((HERE / "replies.toml").read_text())
TABLE = DATA["reply"]
CONTEXT = Context("musterstadt", "post", datetime(2026, 3, 12, tzinfo=UTC))


def path_of(name: str) -> Path:
    where, _, rest = name.partition("/")
    return SHARED / rest if where == "shared" else HERE / "samples" / "replies" / rest


def split_file(path: Path) -> Body:
    if path.suffix == ".eml":
        return parse(path.read_bytes(), CONTEXT).event.content.body
    text = path.read_text()
    return split_reply(marked_text(text) if path.suffix == ".html" else text)


def test_the_table_is_long_enough() -> None:
    assert len({row["file"] for row in TABLE}) == len(TABLE) >= 40
    assert sum(row["file"].startswith("own/de-") for row in TABLE) >= 20


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["file"])
def test_replies(row: dict) -> None:
    path = path_of(row["file"])
    if row["file"].startswith("shared/") and not SHARED.exists():
        pytest.skip(f"no samples at {SHARED}")
    body = split_file(path)
    assert body.text == (DATA["fusce"] if row["text"] == "@fusce" else row["text"])
    assert body.quoted.split("\n")[0].strip() == row.get("quoted_begins", "")
    if "signature_begins" in row:
        assert body.signature.startswith(row["signature_begins"])
    else:
        assert body.signature == row.get("signature", "")


def lines_of(text: str) -> list[str]:
    return sorted(line.strip() for line in text.split("\n") if line.strip())


def test_nothing_of_any_sample_is_lost() -> None:
    texts = [path_of(row["file"]) for row in TABLE]
    for path in (p for p in texts if p.suffix == ".txt" and p.exists()):
        body = split_file(path)
        parts = f"{body.text}\n{body.quoted}\n{body.signature}"
        assert lines_of(parts) == lines_of(path.read_text()), path.name


LINES = st.sampled_from(
    [
        "Guten Tag,",
        "",
        "  ",
        "> zitiert",
        ">> tiefer",
        "> Am 1.2.2026 um 10:00 schrieb E. M. <e@m.de>:",
        "Am 12.03.2026 um 10:11 schrieb Stadt Musterstadt <post@m.de>:",
        "On Mon, Aug 26, 2019 at 4:37 PM The Engine <",
        "engine@example.com> wrote:",
        "Von: Erika <e@m.de>",
        "Gesendet: Montag, 1. Februar 2026 10:00",
        "An: Stadt",
        "Betreff: AW: Antrag",
        "-----Ursprüngliche Nachricht-----",
        "________________________________",
        "-- ",
        "--",
        "Mit freundlichen Grüßen",
        "Erika Mustermann",
        "Tel. 0123 456",
        "PS: noch etwas",
        "Von meinem iPhone gesendet",
        "Wann haben Sie geöffnet?",
        '12.03.2026, 10:11, "E. M." <e@m.de>:',
    ]
)


@given(st.lists(LINES, max_size=25).map("\n".join))
def test_nothing_is_lost_whatever_the_lines(text: str) -> None:
    body = split_reply(text)
    assert lines_of(f"{body.text}\n{body.quoted}\n{body.signature}") == lines_of(text)
    assert bool(body.text.strip()) == bool(text.strip())  # never an empty entry


@given(st.text(max_size=300).filter(lambda text: not has_marks(text)))
def test_nothing_is_lost_whatever_the_text(text: str) -> None:
    text = clean(text)  # as every text that comes here
    body = split_reply(text)
    assert lines_of(f"{body.text}\n{body.quoted}\n{body.signature}") == lines_of(text)


def test_marks_in_a_mail_are_not_believed() -> None:
    """A sender who writes our own marks hides nothing."""
    raw = "From: a@example.org\n\nsichtbar \ue004unsichtbar\n\ue000alles\n".encode()
    body = parse(raw, CONTEXT).event.content.body
    assert body.text == "sichtbar unsichtbar\nalles"
    raw = "From: a@example.org\nContent-Type: text/html\n\n<p>sicht\ue004bar</p><p>\ue000alles".encode()
    assert parse(raw, CONTEXT).event.content.body.text == "sichtbar\n\nalles"
