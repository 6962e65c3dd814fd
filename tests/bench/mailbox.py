"""How fast mails that lie in a Dovecot mailbox come into the timeline, and how soon a single one.

Two thousand mails are moved into the mailbox at once; the clock runs from then until the last one
is an entry. At least 600 a second are wanted: the peers as shipped store 37 and 60. A single mail
is to be there within two seconds, which the next poll after minutes would not do.
"""

import asyncio
import time

from tests.bench import make_mails
from tests.bench.configure import Hub, configure
from tests.bench.rows import Row, at_least, at_most
from tests.bench.set_up import Stage, running
from tests.bench.watch import percentiles, stand

from hub_kit.testing import fresh_database
from local_hub.debian_mail import Dovecot, start_dovecot
from local_hub.programs import migrations

USER = "post"


async def measure(stage: Stage) -> list[Row]:
    mails = stage.some(2_000, 400)
    with start_dovecot(stage.folder / "dovecot") as dovecot:
        async with fresh_database(stage.cluster, migrations()) as dsn:
            imap = {"host": "127.0.0.1", "port": dovecot.port, "user": USER, "tls": "if-offered"}
            hub = configure(stage, dsn, imap={**imap, "password_env": "BENCH_PASSWORD"})
            await asyncio.to_thread(dovecot.put, USER, [make_mails.plain(0)])
            environment = {**hub.environment, "BENCH_PASSWORD": dovecot.password}
            async with running([hub.store, hub.email], environment):
                await stand(dsn, 1, 60)
                await asyncio.sleep(1)  # until it waits for what the server announces
                rate = await _many(hub, dovecot, mails)
                waits = [
                    await _one(hub, dovecot, 1 + mails + number)
                    for number in range(stage.some(20, 5))
                ]
    p50, _ = percentiles(waits)
    return [
        Row("mailbox to timeline, 2 KB", rate, "mails/s", aim=at_least(600)),
        Row("a single mail, from its arrival to the timeline, p50", p50 / 1000, "s"),
        Row("a single mail, the slowest", max(waits), "s", aim=at_most(2)),
    ]


async def _many(hub: Hub, dovecot: Dovecot, mails: int) -> float:
    """Lay mails aside, then move them in at once; return how many a second became entries."""
    aside = [make_mails.plain(number) for number in range(1, 1 + mails)]
    await asyncio.to_thread(dovecot.put, "aside", aside, first=1)
    start = time.perf_counter()
    for path in sorted((dovecot.mail / "aside" / "new").iterdir()):
        path.rename(dovecot.mail / USER / "new" / path.name)
    return mails / (await stand(hub.dsn, 1 + mails, 300) - start)


async def _one(hub: Hub, dovecot: Dovecot, number: int) -> float:
    await asyncio.sleep(0.3 + number % 7 / 10)
    await asyncio.to_thread(dovecot.put, USER, [make_mails.plain(number)], first=number)
    start = time.perf_counter()
    return await stand(hub.dsn, number + 1, 30) - start
