"""Kills and freezes a hub's processes while mails come in; counts what was acknowledged and what stands.

`make chaos ARGS="--kills 30 --bus kafka"` plays it at length; the tests play it in small.
"""

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from channel_email.parse import Context, parse
from local_hub.testing import Town, deliver, eventually

TO = "post@musterstadt.example"
_SENDERS = 15
_PAUSE = 0.05  # seconds between two mails of a sender: senders are people, not floods
_LEAST = 50  # mails; with fewer nothing is shown, and a slow machine takes longer over them
_BETWEEN = (0.7, 2.0)  # seconds between two blows
_FROZEN = (0.5, 3.0)  # seconds that a frozen process stands
Blow = Callable[[Town, random.Random], str]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the mails; the ids are those of entries."""

    acknowledged: int
    lost: int
    doubled: int
    reordered: int  # senders whose mails do not stand in their order, or not in one conversation
    blows: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.reordered)

    def __str__(self) -> str:
        return (
            f"{len(self.blows)} blows, {self.acknowledged} mails acknowledged:"
            f" {self.lost} lost, {self.doubled} doubled, {self.reordered} senders reordered"
        )


def kill_service(town: Town, chance: random.Random) -> str:
    name = _any_service(town, chance)
    town.kill(name)
    return f"killed {name}"


def freeze_service(town: Town, chance: random.Random) -> str:
    name = _any_service(town, chance)
    town.kill(name, signal.SIGSTOP)
    time.sleep(chance.uniform(*_FROZEN))
    town.kill(name, signal.SIGCONT)
    return f"froze {name}"


def crash_database(town: Town, _chance: random.Random) -> str:
    town.stop_database(signal.SIGQUIT)
    town.start_database()
    return "crashed the database"


def stop_broker(town: Town, _chance: random.Random) -> str:
    town.stop_broker()
    town.start_broker()
    return "stopped the broker"


SERVICES: tuple[Blow, ...] = (kill_service, kill_service, freeze_service)


def _any_service(town: Town, chance: random.Random) -> str:
    return chance.choice([p.name for p in town.supervisor.programs if p.name != "peers"])


@dataclass(slots=True)
class _Sender:
    """Writes one mail behind the other; each counts once it is acknowledged."""

    address: str
    ids: list[UUID] = field(default_factory=list)

    def write_until(self, town: Town, stop: threading.Event) -> None:
        while not stop.wait(_PAUSE):
            raw = self._mail(len(self.ids))
            deliver(town, [(self.address, raw)], TO)
            self.ids.append(parse(raw, Context("musterstadt", "post", datetime.now(UTC))).event.id)

    def _mail(self, number: int) -> bytes:
        return (
            f"From: {self.address}\r\nTo: {TO}\r\nSubject: Nummer {number}\r\n"
            f"Message-ID: <{number}.{self.address}>\r\n\r\nGuten Tag, das ist Nummer {number}.\r\n"
        ).encode()


def play(town: Town, kills: int, seed: int, blows: Sequence[Blow] = SERVICES) -> Tally:
    """Strike `kills` times while people write; return what became of every acknowledged mail."""
    chance, stop, before = random.Random(seed), threading.Event(), town.count_entries()
    senders = [_Sender(f"buerger{seed}-{number}@example.org") for number in range(_SENDERS)]
    struck = []
    with ThreadPoolExecutor(_SENDERS) as pool:
        writing = [pool.submit(sender.write_until, town, stop) for sender in senders]
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(*_BETWEEN))
                struck.append(chance.choice(blows)(town, chance))
            eventually(lambda: sum(len(sender.ids) for sender in senders) > _LEAST)
        finally:
            stop.set()
        for one in writing:
            one.result()
    return _count(town, senders, before, tuple(struck))


_STANDING = """
select id, conversation_id from conversation_store.entry
where id = any($1::uuid[]) order by conversation_id, place
"""


def _count(town: Town, senders: Sequence[_Sender], before: int, blows: tuple[str, ...]) -> Tally:
    acknowledged = sum(len(sender.ids) for sender in senders)
    eventually(lambda: town.count_entries() >= before + acknowledged)
    time.sleep(0.5)  # what would come twice has its chance to
    lost = reordered = 0
    for sender in senders:
        rows = town.query(_STANDING, sender.ids)
        lost += len(sender.ids) - len({row["id"] for row in rows})
        homes = {row["conversation_id"] for row in rows}
        reordered += len(homes) > 1 or [row["id"] for row in rows] != sender.ids
    doubled = town.count_entries() - before - acknowledged + lost
    return Tally(acknowledged, lost, doubled, reordered, blows)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--bus", choices=("postgresql", "kafka"), default="postgresql")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    asked = parser.parse_args(arguments)
    blows = [*SERVICES * 3, crash_database, *([stop_broker] if asked.bus == "kafka" else [])]
    with (
        tempfile.TemporaryDirectory(prefix="faden-chaos-") as folder,
        Town(Path(folder), asked.bus) as town,
    ):
        tally = play(town, asked.kills, asked.seed, blows)
    for blow in sorted(set(tally.blows)):
        print(f"  {tally.blows.count(blow):3} × {blow}")
    print(f"seed {asked.seed}, {asked.bus}: {tally}")
    return 0 if tally.is_whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
