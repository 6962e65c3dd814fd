"""Kill what you like: what was acknowledged is in the timeline, once, in order."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

from channel_email.parse import Context, parse
from local_hub.testing import Town, deliver, eventually

TO = "post@musterstadt.example"
ROUNDS, SENDERS, EACH = 10, 20, 100


def mails_of(sender: str) -> list[bytes]:
    return [
        f"From: {sender}\r\nTo: {TO}\r\nSubject: Nummer {number}\r\n"
        f"Message-ID: <{number}.{sender}>\r\n\r\nGuten Tag, das ist Nummer {number}.\r\n".encode()
        for number in range(EACH)
    ]


def ids_of(mails: list[bytes]) -> list[UUID]:
    context = Context("musterstadt", "post", datetime.now(UTC))
    return [parse(raw, context).event.id for raw in mails]


def kill_at_random(town: Town, stop: threading.Event, chance: random.Random) -> None:
    names = [p.name for p in town.supervisor.programs if p.name != "peers"]
    while not stop.wait(chance.uniform(1.5, 4.0)):
        town.kill(chance.choice(names))


def one_round(town: Town, number: int) -> None:
    senders = [f"buerger{number}-{n}@example.org" for n in range(SENDERS)]
    sent = {sender: mails_of(sender) for sender in senders}
    stop = threading.Event()
    killer = threading.Thread(
        target=kill_at_random, args=(town, stop, random.Random(number)), daemon=True
    )
    killer.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        work = [
            pool.submit(deliver, town, [(sender, raw) for raw in mails], TO)
            for sender, mails in sent.items()
        ]
        for one in work:
            one.result()
    stop.set()
    killer.join()
    wait_for_all(town, (number + 1) * SENDERS * EACH)
    for sender, mails in sent.items():
        assert_once_and_in_order(town, sender, ids_of(mails))


def wait_for_all(town: Town, count: int) -> None:
    eventually(lambda: town.count_entries() >= count, within=120)
    time.sleep(0.5)  # what would come twice has its chance to
    assert town.count_entries() == count


def assert_once_and_in_order(town: Town, sender: str, ids: list[UUID]) -> None:
    rows = town.query(
        """select id, conversation_id from conversation_store.entry
           where id = any($1::uuid[]) order by conversation_id, place""",
        ids,
    )
    assert [row["id"] for row in rows] == ids, f"lost, doubled or out of order: {sender}"
    assert len({row["conversation_id"] for row in rows}) == 1


def test_ten_rounds_of_kill_9_lose_nothing_and_double_nothing(own_town: Town):
    for number in range(ROUNDS):
        one_round(own_town, number)
