"""`make attack`: one client holds what it can of a running hub; what do other people feel of it?

Plays the attacks one after another against a hub of its own, from other addresses of the loopback
than other people's. Prints for each what they felt before, during and after. Aims: during at most
three times before, and no error. An error is a failure (code 1); times are printed, for they are
this machine's. ARGS names some of the attacks.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attack.people import Citizen, Felt
from tests.attack.strike import STRIKES

from local_hub.testing import Town

BEFORE, DURING, AFTER = 2.5, 4.0, 1.0  # seconds
_RISE = 1.0  # seconds in which an attack gets going
AIM = 3.0
_HTTP = ("page", "form", "large form")
_KINDS = {
    "live_streams": ("page", "live page"),
    "smtp_dribble": ("mail", "large mail"),
    "smtp_idle": ("mail", "large mail"),
}


@dataclass(frozen=True)
class Played:
    name: str
    spans: tuple[dict[str, Felt], dict[str, Felt], dict[str, Felt]]

    @property
    def errors(self) -> list[str]:
        return [error for felt in self.spans[1].values() for error in felt.errors]

    def lines(self) -> list[str]:
        return [f"{self.name:16}{self._line(kind)}" for kind in self.spans[0]]

    def _line(self, kind: str) -> str:
        before, during, after = (span[kind] for span in self.spans)
        times = during.at(0.99) / before.at(0.99)
        said = "" if times <= AIM else f"  over the aim of {AIM:g}"
        spans = "".join(_shown(one) for one in (before, during, after))
        return f"{kind:12}{spans}{times:6.1f}×{said}"


def _shown(felt: Felt) -> str:
    figures = f"{felt.at(0.5) * 1000:.0f}/{felt.at(0.99) * 1000:.0f} ms"
    return f"{figures:>16} {len(felt.errors):3} of {len(felt.seconds):<4}"


@contextmanager
def striking(name: str, town: Town) -> Iterator[None]:
    aim = [town.listener("gateway", "door"), town.listener("channel_email", "smtp")]
    seconds = str(_RISE + DURING + 60)
    process = subprocess.Popen([sys.executable, "-m", "tests.attack.strike", name, *aim, seconds])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def play(name: str, town: Town, citizen: Citizen) -> Played:
    kinds = _KINDS.get(name, _HTTP)
    before = await citizen.live(kinds, BEFORE)
    with striking(name, town):
        await asyncio.sleep(_RISE)
        during = await citizen.live(kinds, DURING)
    after = await citizen.live(kinds, AFTER)
    return Played(name, (before, during, after))


async def play_all(names: list[str], town: Town) -> list[Played]:
    played = []
    door, smtp = town.listener("gateway", "door"), town.listener("channel_email", "smtp")
    async with Citizen.living(door, smtp) as citizen:
        await citizen.live((*_HTTP, "live page", "mail"), 1.0)  # what is slow once, at the start
        for name in names:
            played.append(await play(name, town, citizen))
            print(*played[-1].lines(), sep="\n", flush=True)
    return played


def main(names: list[str]) -> int:
    if unknown := set(names) - set(STRIKES):
        print(f"no such attack: {', '.join(unknown)}; there are {', '.join(STRIKES)}")
        return 2
    print(
        f"{'attack':16}{'deed':12}{'before':>16} errors   {'during':>16} errors   {'after':>16} errors"
    )
    with tempfile.TemporaryDirectory() as folder, Town(Path(folder)) as town:
        played = asyncio.run(play_all(names or list(STRIKES), town))
    failed = [one for one in played if one.errors]
    for one in failed:
        print(f"{one.name}: others were shut out: {sorted(set(one.errors))[:3]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
