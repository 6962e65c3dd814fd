"""What an open page hears: what it missed, what comes, a merge, the end of its session."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from channel_web.parse import Inbox
from channel_web.receive import live
from channel_web.receive.session import COOKIE, Browser, Session
from channel_web.receive.visit import Visit
from hub_contract.references import normalise_reference
from hub_kit.live import LiveStream
from hub_kit.seats import Seats
from hub_kit.testing import eventually
from hub_pages.testing import PATIENCE

URL = "/musterstadt"


@pytest.fixture
def visit(town):
    account = town.portal.accounts.of("musterstadt")
    request = Request(
        {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    )
    return Visit(town.portal, request, account, URL, "", "de", None)


@pytest.fixture
async def inbox(town, citizen, read) -> Inbox:
    """The inbox of a conversation that has begun."""
    page = (await citizen.get(f"{URL}/chat")).text
    form = {"form": read.hidden(page, "form")[0], "text": "Haben Sie offen?"}
    await citizen.post(f"{URL}/chat", data=form)
    page = (await citizen.get(f"{URL}/danke")).text
    reference = normalise_reference(read.number(page, "vorgangsnummer"))
    found = await town.portal.inboxes.of_reference("musterstadt", reference)

    async def there() -> bool:
        return await town.portal.store.conversation("musterstadt", found) is not None

    await eventually(there)
    return found


def session(inbox, seconds=60.0) -> Session:
    return Session(inbox, datetime.now(UTC) + timedelta(seconds=seconds))


async def events(stream, number: int) -> list[str]:
    """Return the next events that say something."""
    found = []
    async with asyncio.timeout(PATIENCE):
        async for piece in stream:
            if piece.startswith("event:"):
                found.append(piece)
            if len(found) == number:
                break
    await stream.aclose()
    return found


async def until_said(stream, text: str) -> bool:
    async with asyncio.timeout(PATIENCE):
        async for piece in stream:
            if text in piece:
                await stream.aclose()
                return True
    return False


async def test_what_stands_behind_the_place_comes_first(town, visit, inbox):
    line, state = await events(live.follow(visit, session(inbox), 0), 2)
    assert line.startswith("event: line\nid: 1\n")
    assert "Haben Sie offen?" in line
    assert state.startswith("event: state\n")


async def test_what_comes_is_heard_and_what_is_shown_is_not_repeated(town, visit, inbox):
    stream = live.follow(visit, session(inbox), 1)
    hearing = asyncio.create_task(events(stream, 2))
    found = await town.portal.store.conversation("musterstadt", inbox)

    async def listens() -> bool:
        return town.portal.tail.listening == 1

    await eventually(listens)
    await town.reply(found["id"], "Ja.\n<b>Ab 8.</b>")
    line, state = await hearing
    assert "id: 2\n" in line
    assert "&lt;b&gt;Ab 8.&lt;/b&gt;" in line
    assert "Wir haben Ihnen geantwortet." in state
    assert all(part.startswith(("event:", "id:", "data:")) for part in line.split("\n") if part)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(live, "BEAT", 0.05)


@pytest.mark.usefixtures("quick")
async def test_a_page_follows_its_conversation_into_another(town, visit, inbox, citizen, read):
    found = await town.portal.store.conversation("musterstadt", inbox)
    citizen.cookies.clear()
    page = (await citizen.get(f"{URL}/chat")).text
    form = {"form": read.hidden(page, "form")[0], "text": "Noch eine Frage"}
    await citizen.post(f"{URL}/chat", data=form)

    async def two() -> bool:
        return len(await town.conversations()) == 2

    await eventually(two)
    [other] = [one["id"] for one in await town.conversations() if one["id"] != found["id"]]
    stream = live.follow(visit, session(inbox), 1)
    hearing = asyncio.create_task(until_said(stream, "Eine Antwort auf beides"))
    await town.desk("POST", f"/conversations/{found['id']}/merge", json={"into": other})
    await town.reply(other, "Eine Antwort auf beides", contact_point=await own_point(town, other))
    assert await hearing


async def own_point(town, conversation: str) -> str:
    shown = await town.desk("GET", f"/conversations/{conversation}")
    return shown["contact_points"][0]["id"]


@pytest.mark.usefixtures("quick")
async def test_a_stream_ends_with_its_session(visit, inbox):
    stream = live.follow(visit, session(inbox, seconds=0.3), 1)
    assert (await events(stream, 1)) == ["event: end\ndata: \n\n"]


@pytest.mark.usefixtures("quick")
async def test_a_stream_ends_where_somebody_has_left(town, visit, inbox, citizen):
    sessions, cookie = town.portal.sessions, citizen.cookies[COOKIE]
    browser = Browser(*cookie.split("."))
    opened = await sessions.read("musterstadt", browser)
    assert opened.inbox == inbox
    stream = live.follow(visit, opened, 1)
    assert [await anext(stream) for _ in range(2)] == ["retry: 2000\n\n", ": still here\n\n"]
    await citizen.post(f"{URL}/vorgang/ende")
    assert (await events(stream, 1)) == ["event: end\ndata: \n\n"]


@pytest.mark.usefixtures("quick")
async def test_silence_is_told_from_the_end(visit, inbox):
    stream = live.follow(visit, session(inbox), 1)
    said = [await anext(stream) for _ in range(2)]
    assert said == ["retry: 2000\n\n", ": still here\n\n"]
    await stream.aclose()


async def test_no_ear_is_left_behind(town, visit, inbox):
    await events(live.follow(visit, session(inbox), 0), 1)
    assert town.portal.tail.listening == 0


FULL = [
    ({"of_inbox": Seats(0, 9)}, 429),
    ({"of_address": Seats(0, 9)}, 429),
    ({"of_inbox": Seats(9, 0)}, 503),
]


@pytest.mark.parametrize(("seats", "status"), FULL)
async def test_without_a_seat_there_is_no_stream(citizen, town, inbox, seats, status):
    town.portal.__dict__.update(seats)
    answer = await citizen.get(f"{URL}/vorgang/live", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "60")
    portal = town.portal
    assert (portal.of_inbox.taken, portal.of_address.taken) == (0, 0), "none, or all that it takes"


async def test_a_seat_is_given_back_where_a_stream_never_begins(town):
    portal = town.portal
    stream = LiveStream(live.follow(None, None, 0), {"inbox": portal.of_inbox})
    assert portal.of_inbox.taken == 1

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def nobody(_: object) -> None:
        raise OSError

    with suppress(ClientDisconnect):
        await stream({"type": "http", "asgi": {"spec_version": "2.4"}}, gone, nobody)
    assert portal.of_inbox.taken == 0


async def test_without_a_session_there_is_no_stream(citizen):
    accept = {"Accept": "text/event-stream"}
    assert (await citizen.get(f"{URL}/vorgang/live", headers=accept)).status_code == 403
    for after in ("-1", "99999999999999999999999"):
        answer = await citizen.get(f"{URL}/vorgang/live?after={after}", headers=accept)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a", "event: line\nid: 7\ndata: a\n\n"),
        ("a\nb\r\nc", "event: line\nid: 7\ndata: a\ndata: b\ndata: c\n\n"),
        ("", "event: line\nid: 7\ndata: \n\n"),
    ],
)
def test_an_event_is_written_line_by_line(data, said):
    assert live.event("line", data, 7) == said
