"""Both blob stores keep the same promises: a folder, and S3 over a socket."""

import asyncio
import os
import resource
import shutil
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from hub_contract.errors import Permanent, Temporary
from hub_contract.words import Blob
from hub_kit.blobs import FULL, SMALL, FolderBlobs, Packing, S3Blobs, open_blobs, pack, read_blob

KEY, OTHER = b"k" * 32, b"o" * 32
SECRETS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-central-1"}


@pytest.fixture
def s3(monkeypatch):
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    make = urllib.request.Request(f"http://{host}:{port}/bucket", method="PUT")
    urllib.request.urlopen(make).close()
    yield server
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request, tmp_path):
    if request.param == "folder":
        return open_blobs(str(tmp_path / "deep" / "er" / "blobs"))
    request.getfixturevalue("s3")
    return open_blobs("s3://bucket/prefix")


@pytest.fixture(params=["folder", "s3"])
def gone(request, tmp_path):
    """A store that was there and is out of reach now: not mounted, or not answering."""
    if request.param == "folder":
        store = FolderBlobs(tmp_path / "blobs")
        (tmp_path / "blobs").write_text("not a folder")
        return store
    server = request.getfixturevalue("s3")
    store = open_blobs("s3://bucket/prefix")
    server.stop()
    return store


def test_the_setting_chooses_the_store(s3):
    assert isinstance(open_blobs(".faden/blobs"), FolderBlobs)
    assert isinstance(open_blobs("s3://bucket"), S3Blobs)


async def test_what_was_put_comes_back_in_ranges(blobs):
    await blobs.put_all({"t/2025-01-01/a": b"0123456789", "t/2025-01-01/b": [b"oth", b"er"]})
    assert await blobs.get("t/2025-01-01/a", 0, 10) == b"0123456789"
    assert await blobs.get("t/2025-01-01/a", 3, 4) == b"3456"
    assert await blobs.get("t/2025-01-01/b", 0, 5) == b"other"
    await blobs.put_all({})


async def test_many_at_once_all_arrive(blobs):
    batches = [
        {f"t/day-{day}/{day}-{n}": f"{day}-{n}".encode() * 100 for n in range(20)}
        for day in range(8)
    ]
    await asyncio.gather(*(blobs.put_all(batch) for batch in batches))
    for batch in batches:
        for name, data in batch.items():
            assert await blobs.get(name, 0, len(data)) == data


async def test_large_objects_arrive_whole(blobs):
    data = os.urandom(12_000_000)  # obstore sends it in parts
    await blobs.put_all({"t/d/large": data})
    assert await blobs.get("t/d/large", 0, len(data)) == data
    assert await blobs.get("t/d/large", 11_999_990, 10) == data[-10:]


async def test_what_does_not_exist_is_permanent(blobs):
    await blobs.put_all({"t/d/a": b"x"})
    with pytest.raises(Permanent, match="t/d/b does not exist"):
        await blobs.get("t/d/b", 0, 1)


async def test_deleting_is_done_once_and_asked_for_often(blobs):
    await blobs.put_all({"t/d/a": b"x", "t/d/b": b"y"})
    for _ in range(2):
        await blobs.delete_all(["t/d/a", "t/d/never"])
    await blobs.delete_all([])
    with pytest.raises(Permanent):
        await blobs.get("t/d/a", 0, 1)
    assert await blobs.get("t/d/b", 0, 1) == b"y"


OUTSIDE = ["../a", "t/../../a", "/etc/passwd", "t//a", "t/./a", "t/", "", ".", "t/a\0", "t/.a", "ü"]


@pytest.mark.parametrize("name", OUTSIDE)
async def test_a_name_that_leads_out_of_the_store_is_refused(blobs, name):
    with pytest.raises(Permanent, match="leads out"):
        await blobs.put_all({"t/d/good": b"x", name: b"x"})
    with pytest.raises(Permanent, match="leads out"):
        await blobs.get(name, 0, 1)
    with pytest.raises(Permanent, match="leads out"):
        await blobs.delete_all([name])


async def test_out_of_reach_is_temporary(gone):
    with pytest.raises(Temporary, match="blobs: "):
        await gone.put_all({"t/d/a": b"x"})
    with pytest.raises(Temporary, match="blobs: "):
        await gone.get("t/d/a", 0, 1)
    with pytest.raises(Temporary, match="blobs: "):
        await gone.delete_all(["t/d/a"])


async def test_a_bucket_that_is_missing_is_our_fault(s3):
    store = open_blobs("s3://nowhere/prefix")
    for attempt in (store.put_all({"t/a": b"x"}), store.get("t/a", 0, 1)):
        with pytest.raises(Temporary):
            await attempt


async def test_a_range_behind_the_end_opens_nothing(blobs):
    await blobs.put_all({"t/d/a": b"short"})
    with pytest.raises(Permanent):
        await read_blob(blobs, Blob(name="t/d/a", start=100, length=50, size=22), KEY)


async def test_a_part_opens_with_its_key_in_its_place_only(blobs):
    data, (first, second) = pack("t/d/a", [b"original", b"attachment"], KEY)
    await blobs.put_all({"t/d/a": data, "t/d/copy": data})
    assert await read_blob(blobs, first, KEY) == b"original"
    assert await read_blob(blobs, second, KEY) == b"attachment"
    for blob, key in (
        (first, OTHER),
        (first.model_copy(update={"name": "t/d/copy"}), KEY),
        (second.model_copy(update={"start": second.start - 1}), KEY),
        (second.model_copy(update={"length": second.length - 1}), KEY),
    ):
        with pytest.raises(Permanent):
            await read_blob(blobs, blob, key)


async def test_a_batch_shares_an_object_a_tenant_and_day(blobs):
    packing = Packing()
    places = [
        packing.add(folder, [f"{folder} {n}".encode(), b""], KEY if n else OTHER)
        for folder in ("a/2025-01-01", "a/2025-01-02", "b/2025-01-01")
        for n in range(3)
    ]
    large = packing.add("a/2025-01-01", [b"x" * SMALL, b"y"], KEY)
    assert len(packing.objects) == 4
    await blobs.put_all(packing.objects)
    assert await read_blob(blobs, places[4][0], KEY) == b"a/2025-01-02 1"
    assert await read_blob(blobs, places[3][0], OTHER) == b"a/2025-01-02 0"
    assert await read_blob(blobs, places[8][1], KEY) == b""
    assert await read_blob(blobs, large[1], KEY) == b"y"
    with pytest.raises(Permanent, match="leads out"):
        packing.add("../2025-01-01", [b"x"], KEY)


def test_an_object_takes_no_more_once_it_is_full():
    packing = Packing()
    names = [packing.add("a/2025-01-01", [b"x" * SMALL], KEY)[0].name for _ in range(10)]
    assert [names.count(name) for name in packing.objects] == [FULL // SMALL, 10 - FULL // SMALL]


def everything(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


async def test_of_a_batch_that_fails_nothing_is_left(tmp_path):
    blobs = FolderBlobs(tmp_path)
    await blobs.put_all({"t/d/old": b"x"})
    (tmp_path / "t" / "d" / "n7").mkdir()  # in the way of the seventh
    with pytest.raises(Temporary, match="blobs: Is a directory"):
        await blobs.put_all({f"t/d/n{n}": b"x" for n in range(20)})
    assert everything(tmp_path) == ["t/d/old"]
    (tmp_path / "t" / "d" / "n7").rmdir()
    await blobs.put_all({f"t/d/n{n}": b"x" for n in range(20)})
    assert len(everything(tmp_path)) == 21


@contextmanager
def full_after(size: int):
    """From here no file of this process grows beyond `size`: as near as one comes to a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_takes_no_more_is_temporary_and_room_helps(tmp_path):
    blobs = FolderBlobs(tmp_path / "blobs")
    batch = {"t/d/small": b"x" * 10, "t/d/large": b"x" * 300_000}
    with full_after(200_000), pytest.raises(Temporary, match="blobs: File too large"):
        await blobs.put_all(batch)
    assert everything(tmp_path) == []
    await blobs.put_all(batch)
    assert everything(tmp_path) == ["blobs/t/d/large", "blobs/t/d/small"]


async def test_a_store_that_was_cleared_is_made_again(tmp_path):
    blobs = FolderBlobs(tmp_path / "blobs")
    await blobs.put_all({"t/d/a": b"x"})
    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(Temporary):
        await blobs.put_all({"t/d/b": b"x"})
    await blobs.put_all({"t/d/b": b"x"})
    assert await blobs.get("t/d/b", 0, 1) == b"x"
