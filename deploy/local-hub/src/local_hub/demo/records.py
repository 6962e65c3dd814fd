"""Reads what lies on the bus, and proves that nothing a citizen wrote can be read there."""

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from hub_contract.topics import TOPICS
from local_hub.demo.mails import CANARIES

_WITHIN = 120  # seconds
RELAY = "hub_relay"  # the role that may read the whole log


@dataclass(frozen=True, slots=True)
class Lying:
    """One event as it lies on the bus; `lane` is the partition, `offset` where in it."""

    topic: str
    lane: str
    offset: int
    key: str
    headers: dict[str, str]
    body: bytes

    @property
    def readable(self) -> bytes:
        """Return all that a reader without a key sees, base64 undone."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return b"\n".join([self.key.encode(), headers.encode(), self.body, self.sealed])

    @property
    def sealed(self) -> bytes:
        content = json.loads(self.body).get("content") or {}
        return base64.b64decode(content.get("sealed", ""))


async def read_log(database: str) -> list[Lying]:
    """Return the event log of PostgreSQL, which is the bus where no other is plugged in."""
    connection = await asyncpg.connect(database.replace("{role}", RELAY))
    try:
        rows = await connection.fetch(
            "select seq, topic, key, event_id, type, tenant, body from hub.event_log order by seq"
        )
    finally:
        await connection.close()
    return [
        Lying(
            row["topic"],
            "log",
            row["seq"],
            row["key"],
            {"ce_id": str(row["event_id"]), "ce_type": row["type"], "ce_tenant": row["tenant"]},
            row["body"],
        )
        for row in rows
    ]


async def read_topics(bootstrap: str, wanted: int) -> list[Lying]:
    """Return what lies in the topics of Apache Kafka: `wanted` records, or those of two minutes."""
    from hub_kit.kafka import make_consumer

    found: list[Lying] = []
    consumer = make_consumer(bootstrap, "faden-demo")
    consumer.subscribe([topic.name for topic in TOPICS])
    await consumer.start()
    try:
        end = time.monotonic() + _WITHIN
        while len(found) < wanted and time.monotonic() < end:
            batches = await consumer.getmany(timeout_ms=500)
            found += [_lying(record) for records in batches.values() for record in records]
    finally:
        await consumer.stop()
    return sorted(found, key=lambda one: (one.topic, one.lane, one.offset))


def _lying(record: Any) -> Lying:
    headers = {name: value.decode() for name, value in record.headers}
    key = (record.key or b"").decode()
    return Lying(
        record.topic, str(record.partition), record.offset, key, headers, record.value or b""
    )


def leaks(records: Sequence[Lying]) -> list[str]:
    """Return the words of citizens that can be read on the bus; empty is what must be."""
    seen = b"\n".join(record.readable for record in records).lower()
    return [word for word in CANARIES if word.lower().encode() in seen]
