"""Functions over foreign bytes: within their bounds, replaced when not, and gone with the service."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub_contract.errors import Permanent, Temporary
from hub_kit.bounded import Bounded, Overrun
from hub_kit.testing import eventually

HERE = Path(__file__).parent
Call = Callable[..., Bounded]


@pytest.fixture
async def calling(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Call]:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    made: list[Bounded] = []

    def make(name: str, seconds: float = 300.0, memory: int = 64 * 1024**2) -> Bounded:
        made.append(Bounded(f"bounded_calls:{name}", seconds, lambda size: 8 * size + memory))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_it_calls_the_function_again_and_again_in_one_process(calling: Call) -> None:
    shout, pid = calling("shout"), calling("pid")
    assert await shout(b"a") == b"A"
    assert await shout(b"ab", 2) == b"ABAB"
    assert await pid(b"") == await pid(b"") != os.getpid()


async def test_large_bytes_go_in_and_come_out(calling: Call) -> None:
    data = b"a" * 5_000_000
    assert await calling("shout")(data) == data.upper()


@pytest.mark.parametrize(
    ("name", "seconds", "about"),
    [
        ("spin", 0.2, "0.2 s"),
        ("sleep", 0.2, "0.2 s"),
        ("fill", 300, "64 MB"),
        ("die", 300, "crash"),
    ],
)
async def test_what_overruns_is_ended_and_said(
    calling: Call, name: str, seconds: float, about: str
) -> None:
    with pytest.raises(Overrun, match=f"^{about}$"):
        await calling(name, seconds)(b"")


async def test_others_go_on_beside_what_overruns(calling: Call) -> None:
    spin = calling("spin", 1.0)
    shout = calling("shout")
    await shout(b"")  # what it takes to load it is no part of this
    slow = [asyncio.create_task(spin(b"")) for _ in range(6)]  # more than there are processes
    turns = 0
    while not all(task.done() for task in slow):
        assert await shout(b"a") == b"A"
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    assert {type(error) for error in await asyncio.gather(*slow, return_exceptions=True)} == {
        Overrun
    }


async def test_a_process_that_somebody_ended_is_replaced(calling: Call, tmp_path: Path) -> None:
    pid = calling("pid")
    first = await pid(b"")
    os.kill(first, signal.SIGKILL)
    assert await pid(b"") != first
    assert await calling("die_once")(str(tmp_path / "noted").encode()) == "alive"


async def test_what_loads_the_function_is_replaced_too(calling: Call) -> None:
    pid = calling("pid")
    first = await pid(b"")
    assert pid._mother is not None
    os.kill(pid._mother.pid, signal.SIGKILL)
    await pid._mother.wait()
    await eventually(lambda: _gone(first))
    assert await pid(b"") != first


async def test_what_it_raises_is_permanent_and_quotes_nothing(calling: Call) -> None:
    with pytest.raises(Permanent, match=r"^ValueError in fail$"):
        await calling("fail")(b"")


async def test_where_nothing_can_be_loaded_it_is_tried_again(calling: Call) -> None:
    with pytest.raises(Temporary):
        await calling("nothing_of_this_name")(b"")


SERVICE = """
import asyncio, sys
from hub_kit.bounded import Bounded
async def main():
    pids = Bounded("bounded_calls:pid")
    print(await pids(b""), pids._mother.pid, flush=True)
    await Bounded("bounded_calls:sleep", 600)(b"")
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_they_end_with_the_service_however_it_ends(calling: Call, number: int) -> None:
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVICE, stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout is not None
    pids = [int(word) for word in (await service.stdout.readline()).split()]
    assert len(pids) == 2
    service.send_signal(number)
    await service.wait()
    for pid in pids:
        await eventually(lambda pid=pid: _gone(pid))


async def _gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
