"""Files that wait for their form: sealed, for an hour, and no more of them than there is room for."""

import base64

import pytest

from channel_web.parse.uploads import Upload
from channel_web.receive.keep import Keep
from channel_web.receive.room import Room
from channel_web.settings import WebSettings

TENANT = "musterstadt"
PHOTO = Upload("hund.jpg", "image/jpeg", b"\xff\xd8\xff geheim", "hund.png")


@pytest.fixture
def keep(hub):
    return Keep(Room.of(hub.ground, WebSettings()), hub.ground.blobs, hub.ground.ring)


def blobs(hub) -> list:
    return [path for path in hub.ground.blobs.root.rglob("*") if path.is_file()]


async def test_a_file_comes_back_from_what_the_form_carries(keep):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    [found] = keep.read(TENANT, "form", [kept.token])
    assert await keep.load(found) == PHOTO


async def test_neither_store_nor_form_say_what_it_is(keep, hub):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    [path] = blobs(hub)
    assert b"geheim" not in path.read_bytes()
    assert b"hund" not in base64.urlsafe_b64decode(kept.token)
    assert "hund" not in str(await hub.rows("select * from channel_web.unsent"))


async def test_another_form_tenant_or_forgery_opens_nothing(keep):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    assert keep.read(TENANT, "other", [kept.token]) == []
    assert keep.read("kleindorf", "form", [kept.token]) == []
    assert keep.read(TENANT, "form", ["", "x", "ä", kept.token[:-8], "A" * 400]) == []


async def test_what_is_accepted_or_old_is_deleted(keep, hub):
    first, second, third = await keep.put(TENANT, "form", [PHOTO, PHOTO, PHOTO])
    await keep.forget([first])
    assert await keep.load(first) is None
    await keep.sweep()
    assert await keep.load(second) == PHOTO
    await hub.rows("update channel_web.unsent set at = at - interval '61 minutes'")
    await keep.sweep()
    assert blobs(hub) == []
    assert await hub.ask("select count(*) from channel_web.unsent") == 0
    assert await keep.load(third) is None


async def test_what_cannot_be_deleted_now_is_no_fault_of_the_form(keep, hub):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    root = hub.ground.blobs.root
    root.rename(root.with_name("elsewhere"))
    root.write_text("a volume that is not mounted")
    await keep.forget([kept])
    root.unlink()
    root.with_name("elsewhere").rename(root)
    await hub.rows("update channel_web.unsent set at = at - interval '61 minutes'")
    await keep.sweep()
    assert blobs(hub) == []
