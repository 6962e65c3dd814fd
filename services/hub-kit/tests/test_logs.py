"""Nothing personal reaches the logs, whoever writes them and whatever breaks."""

import json
import os
import subprocess
import sys

import pytest

ADDRESSES = [
    "erika.mustermann+amt@example.org",
    "ERIKA@EXAMPLE.ORG",
    "jörg@bücher.example",
    "<erika@[192.0.2.1]>",
    "+49 30 123456-78",
    "+49 (0)30/1234567",
    "+4917112345678",
    "0171 2345678",
    "030/12345678",
    "0049301234567",
]
# What must stay readable.
KEPT = [
    "2026-11-23T06:12:45.123456Z",
    "5e97a3c2-0f1b-5c6d-8e9f-001122334455",
    "127.0.0.1:9092",
    "faden.message.received",
    "0.015",
    "550 5.1.1",
    "384-291-770-652",
]

SCRIPT = """
import asyncio, logging, sys, uuid
from pathlib import Path
import structlog
from hub_kit import logs
logs.start("probe", "INFO")
log = structlog.get_logger()
text = sys.argv[1]
"""


def run(code: str, text: str, **environment: str) -> tuple[list[dict], str, int]:
    """Return the lines as they were read, the whole output, and the code of the end."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + code, text],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, done.stdout + done.stderr, done.returncode


def test_a_line_is_one_object_with_its_service():
    [line], _, _ = run('log.info("mail kept", id=uuid.UUID(int=2**127 + 2**80), bytes=77)', "")
    assert line["service"] == "probe"
    assert (line["event"], line["level"], line["bytes"]) == ("mail kept", "info", 77)
    assert line["id"].startswith("80000000-0001")
    assert line["timestamp"].endswith("Z")


EVERYWHERE = """
for text in sys.argv[1].split("|"):
    log.info(text)
    log.warning("x", value=text, nested={"deep": [f"to {text}, now"]}, **{f"key {text}": 1})
    logging.getLogger("aiosmtpd").warning("mail from %s refused", text)
    logging.getLogger("asyncpg").error(f"server said: {text}")
"""


def test_addresses_and_numbers_are_blotted_out_wherever_they_stand():
    lines, output, _ = run(EVERYWHERE, "|".join(ADDRESSES))
    assert len(lines) == 4 * len(ADDRESSES)
    for text in ADDRESSES:
        core = text.strip("<>").split("@")[0]
        assert core not in output
        assert text not in output
    assert output.count("***") >= 6 * len(ADDRESSES)


def test_ids_times_and_words_stay():
    lines, _, _ = run('log.info("x", values=sys.argv[1].split("|"))', "|".join(KEPT))
    assert lines[0]["values"] == KEPT


FAULTS = {
    "our log, with the error": 'try: int(text)\nexcept ValueError: log.exception("broke")',
    "our log, the error as a value": 'log.error("broke", error=ValueError(text))',
    "our log, a value nobody expects": 'log.error("broke", error=logs.where(ValueError(text)), '
    'event_=type("Content", (), {"__repr__": lambda s: text})())',
    "a library, with the error": "try: int(text)\nexcept ValueError: "
    'logging.getLogger("lib").exception("broke")',
    "a library, the error as a part": 'logging.getLogger("lib").error("broke: %s", ValueError(text))',
    "a library, many lines": 'logging.getLogger("lib").error("broke\\n" + text)',
    "a task nobody waited for": """
async def fail(): raise ValueError(text)
async def main():
    asyncio.create_task(fail())
    await asyncio.sleep(0.01)
import gc
asyncio.run(main()); gc.collect()
""",
    "the process": "def fail(): raise ValueError(text)\nfail()",
}


@pytest.mark.parametrize("code", FAULTS.values(), ids=FAULTS.keys())
def test_the_text_of_an_error_is_never_written(code):
    lines, output, _ = run(code, "Erika geheim-4711")
    assert "Erika" not in output
    assert "4711" not in output
    assert len(lines) == 1, "and yet it is said that something broke"
    assert lines[0]["level"] in {"error", "critical"}


def test_the_place_of_an_error_is():
    code = "def inner(): raise ValueError(text)\ntry: inner()\nexcept ValueError as error: log.error('x', error=logs.where(error))"
    [line], _, _ = run(code, "geheim")
    assert line["error"].startswith("ValueError at <string>:")
    assert line["error"].count("<string>:") == 2
    [line], _, code = run("raise ValueError(text)", "geheim")
    assert (line["event"], code) == ("ended by an error", 1)


def test_libraries_are_heard_from_warning_on():
    code = (
        'for level in ("debug", "info", "warning"): getattr(logging.getLogger("lib"), level)(level)'
    )
    [line], _, _ = run(code, "")
    assert (line["logger"], line["level"], line["event"]) == ("lib", "warning", "warning")
    assert line["service"] == "probe"


def test_the_level_is_ours_to_choose():
    code = (
        'logs.start("probe", "ERROR"); log = structlog.get_logger(); log.info("a"); log.error("b")'
    )
    lines, _, _ = run(code, "")
    assert [line["event"] for line in lines] == ["b"]
