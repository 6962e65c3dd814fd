"""Makes every Kafka client of the hub, and the topics: the one place where their settings stand.

The library's own defaults lose events: acks=1, autocommit, `latest`, no idempotence. A test proves
that nobody else makes a client.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import TOPICS, Topic

MESSAGE_BYTES = 8 * 1024 * 1024  # the largest event; what is long lies in the blob store
BATCH_BYTES = 1024 * 1024
MAX_POLL = 300.0  # seconds without asking for events after which a member is expelled
SESSION = 10.0  # seconds without a heartbeat after which a member's lanes go to others
_DAY = 24 * 3600 * 1000  # milliseconds

# A broker that is away is said once by who waits for it; the library says it ten times a second.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def make_producer(bootstrap: str) -> AIOKafkaProducer:
    """Return a producer that is done only when every replica in sync has the event."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type=None,  # sealed bytes do not compress
        linger_ms=0,  # whole batches are handed over; waiting would gain nothing
        max_batch_size=BATCH_BYTES,
        max_request_size=MESSAGE_BYTES,
        request_timeout_ms=15_000,
        retry_backoff_ms=200,
    )


def make_consumer(
    bootstrap: str, group: str, *, member: str = "", session: float = SESSION
) -> AIOKafkaConsumer:
    """Return a member of a group; one with a name of its own keeps its lanes over a restart."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        group_instance_id=f"{group}-{member}" if member else None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
        max_partition_fetch_bytes=MESSAGE_BYTES,
        session_timeout_ms=int(session * 1000),
        heartbeat_interval_ms=int(session * 300),
        max_poll_interval_ms=int(MAX_POLL * 1000),
        request_timeout_ms=30_000,  # above the session: a join waits for the others that long
        metadata_max_age_ms=60_000,
    )


def make_onlooker(bootstrap: str, *topics: str) -> AIOKafkaConsumer:
    """Return a consumer without a group: it hears all of a topic from the moment it has started."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        fetch_max_wait_ms=20,
        max_partition_fetch_bytes=MESSAGE_BYTES,
        request_timeout_ms=30_000,
        metadata_max_age_ms=60_000,
    )


async def ensure_topics(
    bootstrap: str,
    topics: Iterable[Topic] = TOPICS,
    *,
    replication: int = 1,
    min_insync: int = 1,
) -> None:
    """Create the topics that are missing; `Permanent` where one stands with other partitions.

    With several brokers: replication 3, min_insync 2. Deletion by age, never compaction: that would
    keep the last event of a conversation and lose the others.
    """
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=15_000)
    wanted = {topic.name: topic for topic in topics}
    try:
        await client.start()
        standing = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics()}
        _check_partitions(wanted, standing)
        missing = [
            _describe(topic, replication, min_insync)
            for name, topic in wanted.items()
            if name not in standing
        ]
        if missing:
            _check_created(await client.create_topics(missing))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Temporary(f"kafka {bootstrap}: {type(error).__name__}") from error
    finally:
        await client.close()


def _check_partitions(wanted: dict[str, Topic], standing: dict[str, int]) -> None:
    for name, topic in wanted.items():
        if standing.get(name, topic.partitions) != topic.partitions:
            # Another count would move keys to other partitions, and their order would be lost.
            raise Permanent(
                f"topic {name} has {standing[name]} partitions, not {topic.partitions}: "
                "it was not made by Faden; delete it while it is empty, or name another broker"
            )


def _describe(topic: Topic, replication: int, min_insync: int) -> NewTopic:
    return NewTopic(
        topic.name,
        topic.partitions,
        replication,
        topic_configs={
            "cleanup.policy": "delete",
            "retention.ms": str(topic.retention_days * _DAY),
            "min.insync.replicas": str(min_insync),
            "unclean.leader.election.enable": "false",
            "max.message.bytes": str(MESSAGE_BYTES),
        },
    )


def _check_created(answer: object) -> None:
    for name, code, *_ in getattr(answer, "topic_errors", ()):
        error = for_code(code)
        if error.__name__ not in {"NoError", "TopicAlreadyExistsError"}:
            raise Permanent(f"topic {name} cannot be made: {error.__name__}")


async def to_the_end(closing: Coroutine[Any, Any, None]) -> None:
    """Close a client wholly, also where whoever closes it is cancelled meanwhile.

    It may have begun by itself, and half closed it would keep its connections, and its place in a
    group.
    """
    task = asyncio.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
