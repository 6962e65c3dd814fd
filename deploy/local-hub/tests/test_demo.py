"""The demo is a finished story on both buses, leaves nothing behind, and would notice a failure."""

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import pytest

from local_hub.demo.facts import judge
from local_hub.demo.mails import CANARIES, ERIKA, KARL
from local_hub.demo.play import Story, until
from local_hub.demo.records import Lying, leaks
from local_hub.testing import eventually


def run_demo(bus, folder, *options):
    return subprocess.run(
        [sys.executable, "-m", "local_hub", "demo", "--bus", bus, *options],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.mark.real("kafka")
def test_the_story_holds_on_kafka(open_path):
    done = run_demo("kafka", open_path, "--check", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    said = json.loads(done.stdout)
    assert [fact["fact"] for fact in said["facts"] if not fact["holds"]] == []
    by_citizen = {
        (thread["entries"][0].get("person") or {}).get("value", ""): thread["entries"]
        for thread in said["timelines"]["musterstadt"]
    }
    erika = [(e["direction"], e["reason"]["code"]) for e in by_citizen[ERIKA]]
    assert erika == [("in", "new"), ("out", "agent"), ("in", "token")]
    assert by_citizen[KARL][1]["delivery"]["status"] == "failed"
    assert {one["topic"] for one in said["records"]} >= {
        "faden.message.received",
        "faden.message.requested.email",
        "faden.delivery.reported",
        "faden.entry.appended",
    }
    assert not any(word in json.dumps(said["records"], ensure_ascii=False) for word in CANARIES)
    _leaves_nothing(open_path)


SHOWN = (
    "│ Erika Mustermann",
    "Anmeldung meines Hundes – Größe und",
    "📎 Impfpass für Bello.pdf",
    "│ zugestellt",
    "nicht",
    "persönliche",
)


def test_the_story_is_shown_in_plain_german_and_stays_up_for_who_wants_to_play(open_path):
    """Without --check the hub waits, says who one can be, and goes with Ctrl-C."""
    output = open_path / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_hub", "demo"],
            env={**os.environ, "TMPDIR": str(open_path)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    end = time.monotonic() + 600
    while "bis Sie Strg-C drücken" not in output.read_text():
        assert time.monotonic() < end, output.read_text()
        assert process.poll() is None, output.read_text()
        time.sleep(0.2)
    said = output.read_text()
    assert [words for words in SHOWN if words not in said] == []
    assert "✗" not in said
    (desk,) = set(re.findall(r"http://127\.0\.0\.1:\d+/desk/", said))
    home = httpx.get(desk.removesuffix("desk/"), headers={"Accept": "text/html"}, timeout=120)
    assert "Stadt Musterstadt" in home.text
    assert "anna.amt" in said
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 0, output.read_text()
    _leaves_nothing(open_path)


def _leaves_nothing(folder):
    assert list(folder.glob("faden-*")) == []  # beside it lies the lock file of the wheel
    # PostgreSQL tells that it has ended as the last it does.
    eventually(lambda: str(folder) not in _all_commands())


def _all_commands():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_nothing_that_did_not_happen_holds():
    """Each fact is one that can fail: of an empty story, none is true."""
    assert [fact.words for fact in judge(Story(), [], 0) if fact.holds] == []


SEALED = Lying(
    "faden.message.received",
    "0",
    0,
    "musterstadt/0a1b",
    {"ce_id": "0a1b"},
    b'{"content": {"sealed": "AAAA"}}',
)


@pytest.mark.parametrize(
    "leak",
    [
        {"key": "musterstadt/erika.mustermann@buergerpost.example"},
        {"headers": {"ce_subject": "Anmeldung meines Hundes"}},
        {"body": b'{"content": {"sealed": "", "subject": "Impfpass"}}'},
        {"body": b'{"content": {"sealed": "%s"}}' % base64.b64encode(b"..Zwergschnauzer..")},
    ],
)
def test_a_leak_would_be_seen(leak):
    assert leaks([SEALED]) == []
    assert len(leaks([SEALED, replace(SEALED, **leak)])) >= 1


async def test_waiting_ends():
    async def never():
        await asyncio.sleep(0)
        return ""

    assert await until(never, within=0.3) == ""
