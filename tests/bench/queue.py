"""How long a page of the agent's queue takes by HTTP among 100,000 conversations, counts included.

Every conversation comes by the way every message goes, each from a sender of its own; then some are
taken on, some closed, some put aside. The counts of the page must be those of a full count.
"""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from tests.bench.ask import WHO, ask
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

ASKED = 300
VIEWS = ("mine", "unassigned", "waiting", "snoozed", "closed")
# Of a hundred: 55 closed, 5 put aside, 40 open; of these 2 are the agent's, 8 nobody's, and the
# others those of fifty colleagues; a third has been answered.
_SPREAD = f"""
with dealt as (
  select id, (row_number() over (order by id)) % 100 as n, row_number() over (order by id) as seq
  from conversation_store.conversation
)
update conversation_store.conversation c
set state = case when n < 55 then 'closed' when n < 60 then 'snoozed' else 'open' end,
    snoozed_until = case when n between 55 and 59 then now() + interval '1 day' end,
    assignee = case when n between 60 and 61 then '{WHO}' when n between 62 and 91
      then 'agent-' || seq % 50 end,
    waiting_since = case when n >= 60 and seq % 3 > 0 then waiting_since end
from dealt where dealt.id = c.id
"""
_COUNT = f"""
select count(*) filter (where state = 'open' and assignee = '{WHO}') as mine,
  count(*) filter (where state = 'open' and assignee is null) as unassigned,
  count(*) filter (where state = 'open' and waiting_since is not null) as waiting,
  count(*) filter (where state = 'snoozed') as snoozed,
  count(*) filter (where state = 'closed') as closed
from conversation_store.conversation
"""


async def measure(stage: Stage) -> list[Row]:
    size = stage.some(100_000, 10_000)
    rows = []
    async with fresh_database(stage.cluster, migrations()) as dsn:
        hub = configure(stage, dsn)
        async with running([hub.store], hub.environment):
            await _fill(stage, hub, size)
            counts = await _spread(hub)
            for view in VIEWS:
                stage.note(f"queue: {view}, of {size:,} conversations")
                path = f"/queue?view={view}&limit=40"
                waits, page = await asyncio.to_thread(ask, hub, path, stage.some(ASKED, 50))
                _check(json.loads(page), counts)
                p50, p99 = percentiles(waits)
                name = f"queue of {size:,}, {view}, all counts"
                rows += [
                    Row(f"{name}, p50", p50, "ms", aim=at_most(15)),
                    Row(f"{name}, p99", p99, "ms"),
                ]
    return rows


def _check(page: dict[str, object], counts: dict[str, int]) -> None:
    lines = page["conversations"]
    assert isinstance(lines, list)
    if page["counts"] != counts or len(lines) != 40:
        raise RuntimeError(f"{len(lines)} lines, counts {page['counts']}, not {counts}")


async def _fill(stage: Stage, hub: Hub, size: int) -> None:
    loaded = Loaded.read(Path(hub.environment["HUB_CONFIG"]))
    ground = await Ground.open("channel_email", loaded.hub, KeyRing.read(loaded.hub.keys_file))
    for start in range(0, size, 1_000):
        stage.note(f"queue: filling, {start:,} of {size:,} conversations")
        await ground.accept.all([_arrival(start + n) for n in range(1_000)])
        await stand(hub.dsn, max(0, start - 5_000), 120, exactly=False, every=0.2)
    await stand(hub.dsn, size, 300, every=0.5)
    await ground.close()


async def _spread(hub: Hub) -> dict[str, int]:
    """Deal the conversations out, as agents would; return the true counts."""
    connection = await asyncpg.connect(hub.dsn)
    await connection.execute(_SPREAD)
    await connection.execute("vacuum analyze")
    counts = dict(await connection.fetchrow(_COUNT) or {})
    await connection.close()
    return counts


def _arrival(number: int) -> Arrival:
    external_id = f"<{number}@queue.example>"
    content = MessageContent(
        sender=ContactPoint(kind=ContactKind.EMAIL, value=f"p{number}@example.org", name="Erika"),
        subject=f"Änderung der Hundesteuer, {number}. Nachricht",
        body=Body(text="Guten Tag, wir sind umgezogen und möchten die Größe berichtigen. " * 5),
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
