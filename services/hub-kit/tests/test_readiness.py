"""Readiness tries what a service needs: a blob store that takes blobs, disks with room."""

import subprocess
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from hub_contract.errors import Temporary
from hub_kit.blobs import FolderBlobs
from hub_kit.ground import space_of
from hub_kit.readiness import Seldom, blobs_check, space_check
from hub_kit.settings import HubSettings
from hub_kit.shell import Parts, make_app
from hub_kit.space import MB, Room, Space

GB = 1000 * MB
LARGE = 1000 * GB


@asynccontextmanager
async def served(app):
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        yield client


def settings(folder: Path, **more) -> HubSettings:
    return HubSettings(database="postgresql://x", blobs=str(folder), keys_file="k", **more)


def space(free: int, total: int = LARGE, warn: int = 2 * GB, stop: int = GB // 2) -> Space:
    return Space([Path("/data")], warn, stop, lambda _: Room(free, total))


@pytest.mark.parametrize(
    ("free", "total", "says"),
    [
        (500 * GB, LARGE, ""),
        (2 * GB, LARGE, ""),
        (2 * GB - 1, LARGE, "warning: 2,000 MB of 1,000,000 MB are free at /data, below the mark"),
        (GB // 2, LARGE, "warning: 500 MB of 1,000,000 MB are free at /data, below the mark of 2,"),
        # A small disk has little room at its best: shares of it count.
        (11 * MB, 100 * MB, ""),
        (9 * MB, 100 * MB, "warning: 9 MB of 100 MB are free at /data, below the mark of 10 MB"),
    ],
)
async def test_what_is_free_is_told_before_it_is_too_little(free, total, says):
    said = await space_check(space(free, total))()
    assert said.startswith(says)
    assert bool(said) == bool(says)


@pytest.mark.parametrize(("free", "total"), [(0, LARGE), (GB // 2 - 1, LARGE), (4 * MB, 100 * MB)])
async def test_below_the_stop_mark_nothing_new_is_taken_in(tmp_path, free, total):
    low = space(free, total)
    with pytest.raises(Temporary, match=r"are free at /data, below .* nothing new is taken in"):
        await space_check(low)()
    blobs = FolderBlobs(tmp_path, low)
    with pytest.raises(Temporary, match="nothing new is taken in"):
        await blobs.put_all({"a": b"x"})
    assert list(tmp_path.iterdir()) == []


async def test_what_is_there_can_be_read_and_deleted_below_the_stop_mark(tmp_path):
    await FolderBlobs(tmp_path).put_all({"a": b"x"})
    blobs = FolderBlobs(tmp_path, space(0))
    assert await blobs.get("a", 0, 1) == b"x"
    await blobs.delete_all(["a"])
    assert list(tmp_path.iterdir()) == []


async def test_marks_and_folders_are_settings(tmp_path):
    """Also of a folder that is not made yet."""
    marks = {"warn_mb": 1e12, "stop_mb": 1e12, "folders": [tmp_path / "database"]}
    found = space_of(settings(tmp_path / "not" / "yet", space=marks))
    asked = []

    def look(folder: Path) -> Room:
        asked.append(folder)
        return Room(LARGE // 5, LARGE)

    found._look = look
    assert found.check() == ""
    assert asked == [tmp_path / "not" / "yet", tmp_path / "database"]
    found._look = lambda _: Room(LARGE // 25, LARGE)
    with pytest.raises(Temporary, match=r"below the mark of 50,000 MB"):
        found.check()
    space_of(settings(tmp_path / "not" / "yet", space={"warn_mb": 0, "stop_mb": 0})).check()


async def test_a_disk_that_is_gone_is_said():
    with pytest.raises(Temporary, match=r"^space: /data: No such file or directory$"):
        Space([Path("/data")], 0, 1, _gone).check()


def _gone(folder: Path) -> Room:
    raise FileNotFoundError(2, "No such file or directory", str(folder))


class Store:
    """A blob store that refuses what it is told to refuse."""

    def __init__(self):
        self.fault = {}
        self.held = set()

    async def put_all(self, objects):
        self._raise("put")
        self.held |= set(objects)

    async def delete_all(self, names):
        self._raise("delete")
        self.held -= set(names)

    def _raise(self, what):
        if what in self.fault:
            raise Temporary(self.fault[what])


@pytest.mark.parametrize("what", ["put", "delete"])
async def test_a_store_that_refuses_makes_it_red_and_green_again(what, monkeypatch):
    store, clock = Store(), [0.0]
    monkeypatch.setattr("hub_kit.readiness.time.monotonic", lambda: clock[0])
    parts = Parts("probe", checks={"blobs": blobs_check(store)})
    async with served(make_app(parts)) as client:

        async def asked():
            clock[0] += 10
            answer = await client.get("/readyz")
            return answer.status_code, answer.json()["blobs"]

        assert await asked() == (200, "ok")
        assert store.held == set()
        store.fault = {what: "blobs: No space left on device (/data)"}
        assert await asked() == (503, "blobs: No space left on device (/data)")
        store.fault = {}
        assert await asked() == (200, "ok")


async def test_a_warning_is_told_and_still_ready():
    parts = Parts("probe", checks={"space": space_check(space(GB))})
    async with served(make_app(parts)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["space"].startswith("warning: 1,000 MB of")


async def test_it_is_tried_once_in_a_while(monkeypatch):
    clock, tries = [100.0], []
    monkeypatch.setattr("hub_kit.readiness.time.monotonic", lambda: clock[0])

    async def check():
        tries.append(clock[0])

    seldom = Seldom("probe", check)
    for moment in (100.0, 101.0, 104.9, 105.1, 106.0):
        clock[0] = moment
        assert await seldom() == ""
    assert tries == [100.0, 105.1]


@contextmanager
def small_disk(folder: Path):
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_is_red_and_green_again_once_there_is_room(tmp_path):
    with small_disk(tmp_path) as disk:
        blobs = FolderBlobs(disk)  # without marks: the disk itself says no
        await blobs_check(blobs)()
        (disk / "full").write_bytes(bytes(900_000))
        with pytest.raises(OSError, match="No space left"):
            (disk / "fuller").write_bytes(bytes(900_000))
        with pytest.raises(Temporary, match="No space left on device"):
            await blobs_check(blobs)()
        with pytest.raises(Temporary, match="nothing new is taken in"):
            await space_check(space_of(settings(disk)))()
        (disk / "full").unlink()
        (disk / "fuller").unlink()
        await blobs_check(blobs)()
        assert not await space_check(space_of(settings(disk)))()
