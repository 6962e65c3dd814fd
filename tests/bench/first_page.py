"""How long the first page of a timeline takes by HTTP, and how large it is: fifty entries, newest.

A conversation of a hundred thousand entries must cost what one of a thousand does. Both are filled
by the way every message goes: sealed, accepted, appended by the store.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from tests.bench.ask import ask
from tests.bench.configure import Hub, configure
from tests.bench.rows import Row, at_most
from tests.bench.set_up import Stage, running
from tests.bench.watch import percentiles, stand

from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Body, Channel, ContactKind, ContactPoint
from hub_kit.ground import Ground
from hub_kit.keys import KeyRing
from hub_kit.settings import Loaded
from hub_kit.testing import fresh_database
from local_hub.programs import migrations

ASKED = 500
_SENTENCE = "wir sind umgezogen und möchten die Größe des Grundstücks berichtigen lassen; "


async def measure(stage: Stage) -> list[Row]:
    sizes = {"erika@example.org": 1_000, "otto@example.org": stage.some(100_000, 10_000)}
    rows = []
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        async with running([hub.store], hub.environment):
            conversations = await fill(stage, hub, sizes)
            first: float | None = None
            for size, conversation in conversations.items():
                stage.note(f"first_page: of {size:,} entries")
                path = f"/conversations/{conversation}/entries"
                waits, page = await asyncio.to_thread(ask, hub, path, stage.some(ASKED, 100))
                p50, p99 = percentiles(waits)
                name = f"first page of {size:,} entries"
                rows += [
                    Row(f"{name}, p50", p50, "ms", first, at_most(4)),
                    Row(f"{name}, p99", p99, "ms"),
                    Row(f"{name}, JSON", len(page) / 1000, "KB", aim=at_most(60)),
                ]
                first = p50
    return rows


async def fill(stage: Stage, hub: Hub, sizes: Mapping[str, int]) -> dict[int, UUID]:
    """Return the conversation of each size."""
    loaded = Loaded.read(Path(hub.environment["HUB_CONFIG"]))
    ground = await Ground.open("channel_email", loaded.hub, KeyRing.read(loaded.hub.keys_file))
    total = 0
    for sender, size in sizes.items():
        for start in range(0, size, 1_000):
            stage.note(f"first_page: filling, {total:,} of {sum(sizes.values()):,} entries")
            some = min(1_000, size - start)
            await ground.accept.all([arrival(sender, start + n) for n in range(some)])
            total += some
            await stand(hub.dsn, max(0, total - 5_000), 120, exactly=False)  # not too far ahead
    await stand(hub.dsn, total, 300)
    await ground.close()
    connection = await asyncpg.connect(hub.dsn)
    rows = await connection.fetch("select entry_count, id from conversation_store.conversation")
    await connection.close()
    return dict(sorted((row["entry_count"], row["id"]) for row in rows))


def arrival(sender: str, number: int) -> Arrival:
    """Return the n-th mail of this sender: from one sentence to a full page."""
    external_id = f"<{number}.{sender}>"
    content = MessageContent(
        sender=ContactPoint(kind=ContactKind.EMAIL, value=sender, name="Erika Müller"),
        subject=f"Änderung der Hundesteuer, {number}. Nachricht",
        body=Body(text="Guten Tag, " + _SENTENCE * (1 + number % 20)),
        external_id=external_id,
    )
    event = MessageReceived(
        id=received_id("musterstadt", "email", "post", external_id),
        tenant="musterstadt",
        channel=Channel.EMAIL,
        account="post",
        received_at=datetime.now(UTC),
        content=content,
    )
    return Arrival(event)
