"""A part is away for a while: nothing is lost, the reason is said, and no restart is needed."""

import smtplib
import time
from functools import partial

import pytest

from local_hub.testing import Town, deliver, eventually

TO = "post@musterstadt.example"
AWAY = 20  # seconds: longer than any time-out or pause between attempts


def mail(number: int, what: str) -> bytes:
    return (
        f"From: anna@example.org\r\nTo: {TO}\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}.{what}@example.org>\r\n\r\nText {number}\r\n"
    ).encode()


def says_that_it_is_away(town: Town, service: str) -> bool:
    code, words = town.ready(service)
    return code == 503 and words["database"].startswith("database:")


def test_the_database_is_away(town: Town):
    count = town.count_entries()
    deliver(town, [("anna@example.org", mail(0, "database"))], TO)
    eventually(lambda: town.count_entries() == count + 1)
    before = dict(town.supervisor.pids)
    town.stop_database()
    end = time.monotonic() + AWAY
    codes = set()
    while time.monotonic() < end:
        with pytest.raises(smtplib.SMTPDataError) as refused, town.smtp() as server:
            server.sendmail("anna@example.org", [TO], mail(1, "database"))
        codes.add(refused.value.smtp_code)
        time.sleep(2)
    assert codes == {451}
    for service in ("channel_email", "conversation_store"):
        eventually(partial(says_that_it_is_away, town, service))
    town.start_database()
    deliver(town, [("anna@example.org", mail(n, "database")) for n in range(1, 20)], TO)
    eventually(lambda: town.count_entries() == count + 20)
    eventually(lambda: town.ready("channel_email")[0] == 200)
    assert town.supervisor.pids == before, "no process was started again"


@pytest.mark.real("kafka")
@pytest.mark.parametrize("town", ["kafka"], indirect=True)
def test_the_broker_is_away(town: Town):
    count = town.count_entries()
    deliver(town, [("anna@example.org", mail(0, "broker"))], TO)
    eventually(lambda: town.count_entries() == count + 1)
    before = dict(town.supervisor.pids)
    town.stop_broker()
    end = time.monotonic() + AWAY
    number = 1
    while time.monotonic() < end:
        deliver(town, [("anna@example.org", mail(number, "broker"))], TO)
        number += 1
        time.sleep(1)
    eventually(lambda: town.ready("channel_email")[0] == 200)  # a channel goes on accepting
    eventually(lambda: town.ready("relay")[0] == 503)
    assert town.count_entries() == count + 1
    town.start_broker()
    eventually(lambda: town.count_entries() == count + number)
    eventually(lambda: town.ready("relay")[0] == 200)
    assert town.supervisor.pids == before, "no process was started again"
