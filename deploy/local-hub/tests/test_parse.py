"""`faden parse email`: one opened event a line, whatever the mail looks like, and no database."""

import io
import json
import sys

import pytest

from hub_contract.topics import CONVERSATION_EVENT
from local_hub.__main__ import main
from local_hub.demo.mails import UGLY, UGLY_WORDS

PLAIN = """\
From: =?utf-8?q?J=C3=B6rg?= <joerg@buergerpost.example>
To: post@musterstadt.example
Subject: Frage
Message-ID: <1@buergerpost.example>
Authentication-Results: mx.musterstadt.example; dmarc=pass header.from=buergerpost.example

Grüße aus der Möwenstraße, Vorgang 384-291-770-652
""".replace("\n", "\r\n").encode()


@pytest.fixture
def mails(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.eml").write_bytes(PLAIN)
    (tmp_path / "ugly.eml").write_bytes(UGLY)
    (tmp_path / "empty.eml").write_bytes(b"")
    return tmp_path


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["parse", *arguments])
    said = capsys.readouterr()
    return left.value.code or 0, said.out.splitlines(), said.err


def test_one_line_a_mail(mails, capsys):
    code, lines, _ = run(capsys, "email", "plain.eml", "ugly.eml", "empty.eml")
    assert code == 0
    plain, ugly, empty = map(json.loads, lines)
    assert plain["content"]["sender"]["name"] == "Jörg"
    assert plain["content"]["subject"] == "Frage"
    assert "Möwenstraße" in plain["content"]["body"]["text"]
    assert UGLY_WORDS in ugly["content"]["body"]["text"]
    assert [a["file_name"] for a in ugly["content"]["attachments"]] == ["Dackel.png"]
    assert empty["readable"] is False or not empty["content"].get("body", {}).get("text")


def test_each_line_is_an_event_of_the_contract(mails, capsys):
    _, lines, _ = run(capsys, "email", "plain.eml", "ugly.eml")
    assert [CONVERSATION_EVENT.validate_json(line).type for line in lines] == [
        "message.received",
        "message.received",
    ]


def test_from_standard_input(mails, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN)))
    code, (line,), _ = run(capsys, "email", "-")
    assert code == 0
    assert json.loads(line)["content"]["subject"] == "Frage"


@pytest.mark.parametrize(
    ("account", "result"), [("musterstadt/post", "pass"), ("kleindorf/post", None)]
)
def test_as_an_account_reads_it(mails, capsys, account, result):
    """Only a host that the account trusts is believed."""
    _, (line,), _ = run(capsys, "email", "plain.eml", "--account", account)
    event = json.loads(line)
    found = {e["kind"]: e["result"] for e in event["content"].get("evidence", [])}
    assert f"{event['tenant']}/{event['account']}" == account
    assert found.get("dmarc") == result


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("email", "none.eml"), "none.eml: No such file or directory; name a file, or -"),
        (("pigeon", "plain.eml"), "pigeon: nothing to parse here; write email"),
        (("web", "plain.eml"), "web: nothing to parse here; write email"),
        (("email", "plain.eml", "--account", "x/y"), "no such account x/y; write tenant/name"),
    ],
)
def test_mistakes(mails, capsys, arguments, said):
    code, lines, err = run(capsys, *arguments)
    assert (code, lines) == (2, [])
    (line,) = err.splitlines()
    assert line.startswith("faden: ")
    assert said in line
