"""Files that wait for their form, and the session in the cookie."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi import Request, Response

from channel_web.parse import Inbox
from channel_web.parse.uploads import Upload
from channel_web.receive.keep import Keep
from channel_web.receive.session import COOKIE, Sessions

TENANT = "musterstadt"
PHOTO = Upload("hund.jpg", "image/jpeg", b"\xff\xd8\xff geheim", "hund.png")
INBOX = Inbox(uuid4(), "938429177007")


@pytest.fixture
def keep(hub):
    return Keep(hub.ground.pool, hub.ground.blobs, hub.ground.ring)


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
    assert "hund" not in str(await hub.rows("select * from channel_web.upload"))


async def test_another_form_tenant_or_forgery_opens_nothing(keep):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    assert keep.read(TENANT, "other", [kept.token]) == []
    assert keep.read("kleindorf", "form", [kept.token]) == []
    assert keep.read(TENANT, "form", ["", "x", "ä", kept.token[:-8], "A" * 400]) == []


async def test_what_is_accepted_or_old_is_deleted(keep, hub):
    first, second, third = await keep.put(TENANT, "form", [PHOTO, PHOTO, PHOTO])
    await keep.forget(TENANT, [first])
    assert await keep.load(first) is None
    await keep.sweep(TENANT)
    assert await keep.load(second) == PHOTO
    await hub.rows("update channel_web.upload set at = at - interval '25 hours'")
    await keep.sweep("kleindorf")
    assert len(blobs(hub)) == 2
    await keep.sweep(TENANT)
    assert blobs(hub) == []
    assert await hub.ask("select count(*) from channel_web.upload") == 0
    assert await keep.load(third) is None


async def test_what_cannot_be_deleted_now_is_no_fault_of_the_form(keep, hub):
    [kept] = await keep.put(TENANT, "form", [PHOTO])
    root = hub.ground.blobs.root
    root.rename(root.with_name("elsewhere"))
    root.write_text("a volume that is not mounted")
    await keep.forget(TENANT, [kept])
    root.unlink()
    root.with_name("elsewhere").rename(root)
    await hub.rows("update channel_web.upload set at = at - interval '25 hours'")
    await keep.sweep(TENANT)
    assert blobs(hub) == []


def request(cookie: str) -> Request:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode("latin-1", "replace"))]
    return Request({"type": "http", "headers": headers})


def cookie_of(answer: Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0].partition("=")[2].strip('"')


def test_a_session_is_read_where_it_was_begun(hub_ring):
    sessions = Sessions(hub_ring, 30)
    answer = Response()
    sessions.write(answer, sessions.begin(INBOX, "123456"), TENANT, "/musterstadt")
    said = answer.headers["set-cookie"]
    assert "Path=/musterstadt" in said
    assert "HttpOnly" in said
    assert "SameSite=lax" in said
    assert INBOX.reference not in said
    assert "123456" not in said
    found = sessions.read(request(cookie_of(answer)), TENANT)
    assert found is not None
    assert (found.inbox, found.secret, found.has_ended) == (INBOX, "123456", False)
    assert sessions.read(request(cookie_of(answer)), "kleindorf") is None


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "A" * 300, "%00", "ä"])
def test_what_is_no_session_is_none(hub_ring, cookie):
    assert Sessions(hub_ring, 30).read(request(cookie), TENANT) is None


def test_one_that_ended_still_says_whose_it_was(hub_ring):
    sessions = Sessions(hub_ring, 30)
    answer = Response()
    sessions.write(answer, sessions.begin(INBOX), TENANT, "")
    found = sessions.read(request(cookie_of(answer)), TENANT)
    assert found is not None
    assert found.until - datetime.now(UTC) > timedelta(minutes=29)
    short = Sessions(hub_ring, 0)
    short.write(ended := Response(), short.begin(INBOX), TENANT, "")
    later = sessions.read(request(cookie_of(ended)), TENANT)
    assert later is not None
    assert later.has_ended
    assert later.inbox == INBOX
