"""A hook is answered 202 once it is safe, and in the words its provider acts on otherwise."""

import asyncio
import hmac
import json
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import from_wire
from hub_kit.hooks import Hook, Hooks
from hub_kit.sealing import open_event
from hub_kit.shell import Parts, listen_on, make_app
from hub_kit.tokens import Refused

SECRET = b"of this account"
LIMIT = 10_000


def signature(address: str, body: bytes) -> str:
    return hmac.digest(SECRET, address.encode() + body, "sha256").hex()


@pytest.fixture
def seen() -> list[Hook]:
    return []


@pytest.fixture
def probe(arrive, seen):
    """A provider's handler: it checks the signature of address and body, as many do."""

    async def handle(hook: Hook):
        seen.append(hook)
        if not hmac.compare_digest(
            hook.headers.get("x-signature", ""), signature(hook.path, hook.body)
        ):
            raise Refused("signature")
        told = json.loads(hook.body)
        match told.get("fault"):
            case "temporary":
                raise Temporary("media: the provider does not answer")
            case "permanent":
                raise Permanent("no such account")
            case "bug":
                raise KeyError("erika@example.org")
        return [arrive(number, told.get("text", "")) for number in told["numbers"]]

    return handle


@pytest.fixture
async def door(channel, probe):
    """Uvicorn on a real socket, with the receiver in front of a service's app."""
    app = make_app(Parts("probe"))

    @app.post("/other")
    async def other(numbers: list[int]) -> int:
        return sum(numbers)

    async with serving(Hooks(app, channel.accept, {"probe": probe}, limit=LIMIT)) as port:
        yield port


@asynccontextmanager
async def serving(app: Hooks | FastAPI):
    listening = listen_on("127.0.0.1", 0, "test")
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await task
    listening.close()


@pytest.fixture
async def client(door):
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door}", timeout=30) as client:
        yield client


async def call(client, told: dict, address: str = "/hooks/probe/musterstadt", **headers: str):
    body = json.dumps(told).encode()
    signed = {"X-Signature": signature(address, body)} | headers
    return await client.post(address, content=body, headers=signed)


async def count(owner) -> int:
    return await owner.fetchval("select count(*) from hub.event_log")


async def test_202_means_it_is_kept(client, owner, channel):
    answer = await call(client, {"numbers": [1], "text": "Guten Tag"})
    assert (answer.status_code, answer.content) == (202, b"")
    row = await owner.fetchrow(
        "select body, wrapped from hub.event_log join hub.message_key on owner = event_id"
    )
    event = from_wire(row["body"])
    key = channel.ring.unwrap(row["wrapped"], event.id)
    assert open_event(event, key).content.body.text == "Guten Tag"


async def test_the_handler_sees_what_the_provider_sent(client, seen):
    address = "/hooks/probe/a%2Fb/c?x=1&y=%20z"
    answer = await call(
        client, {"numbers": []}, address, **{"X-Odd": "gr\u00fc\u00df".encode("latin-1")}
    )
    assert answer.status_code == 202
    [hook] = seen
    assert hook.path == address
    assert hook.body == b'{"numbers": []}'
    assert hook.headers["x-odd"] == "grüß"
    assert hook.headers["host"].startswith("127.0.0.1:")


async def test_none_or_several_arrivals_and_repetitions(client, owner):
    for numbers, expected in (([], 0), ([1, 2, 3], 3), ([2, 3, 4], 4), ([4], 4)):
        assert (await call(client, {"numbers": numbers})).status_code == 202
        assert await count(owner) == expected


FAULTS = [
    ({"fault": "temporary"}, 503, "Try again later", "5"),
    ({"fault": "bug"}, 503, "Try again later", "5"),
    ({}, 503, "Try again later", "5"),
    ({"fault": "permanent"}, 422, "Cannot be taken", None),
]


@pytest.mark.parametrize(("told", "status", "title", "retry_after"), FAULTS)
async def test_what_goes_wrong_is_said_so_that_the_provider_does_right(  # noqa: PLR0917 - a row
    client, owner, told, status, title, retry_after
):
    answer = await call(client, told)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == title
    assert answer.headers.get("retry-after") == retry_after
    assert "erika" not in answer.text
    assert await count(owner) == 0


@pytest.mark.parametrize("given", ["", "0" * 64])
async def test_a_false_signature_is_refused_and_nothing_kept(client, owner, given):
    answer = await call(client, {"numbers": [1]}, **{"X-Signature": given})
    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")
    assert await count(owner) == 0


async def test_while_the_database_is_away_the_provider_shall_call_again(client, owner):
    await owner.execute("alter role probe_channel nologin")
    answer = await call(client, {"numbers": [1]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    await owner.execute("alter role probe_channel login")
    assert (await call(client, {"numbers": [1]})).status_code == 202
    assert await count(owner) == 1


async def test_a_hook_has_a_limit_however_it_is_sent(client, owner, seen):
    async def in_pieces():
        for _ in range(LIMIT // 100 + 1):
            yield b"x" * 100

    for content in (b"x" * (LIMIT + 1), in_pieces()):
        answer = await client.post("/hooks/probe", content=content)
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "A hook has at most 10000 bytes.",
        )
    assert seen == []
    padded = {"numbers": [1], "padding": ""}
    padded["padding"] = "x" * (LIMIT - len(json.dumps(padded)))
    assert (await call(client, padded)).status_code == 202


async def test_who_hangs_up_in_the_middle_is_not_kept(door, client, owner, seen):
    _, writer = await asyncio.open_connection("127.0.0.1", door)
    writer.write(b"POST /hooks/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await call(client, {"numbers": [1]})).status_code == 202, "the next one is served"
    assert len(seen) == 1
    assert await count(owner) == 1


PASSED_ON = [
    ("GET", "/healthz", None, 200),
    ("GET", "/hooks/probe", None, 404),
    ("POST", "/hooks/unknown", None, 404),
    ("POST", "/hooks/", None, 404),
    ("POST", "/hooksprobe", None, 404),
    ("POST", "/other", [1, 2], 200),
    ("POST", "/other", "no list", 422),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), PASSED_ON)
async def test_everything_else_is_the_apps(client, seen, method, path, body, status):  # noqa: PLR0917
    answer = await client.request(method, path, json=body)
    assert answer.status_code == status
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"
    assert seen == []


async def test_many_hooks_at_once_share_commits(client, owner):
    answers = await asyncio.gather(*(call(client, {"numbers": [n]}) for n in range(300)))
    assert {answer.status_code for answer in answers} == {202}
    assert await count(owner) == 300
    commits = await owner.fetchval("select count(distinct xid) from hub.event_log")
    assert commits < 100


async def test_a_stop_answers_what_is_under_way(channel, arrive, owner):
    begun, free = asyncio.Event(), asyncio.Event()

    async def slowly(hook: Hook):
        begun.set()
        await free.wait()
        return [arrive(1)]

    app = Hooks(make_app(Parts("probe")), channel.accept, {"slow": slowly})
    async with httpx.AsyncClient() as client:
        async with serving(app) as port:
            address = f"http://127.0.0.1:{port}/hooks/slow"
            asking = asyncio.create_task(client.post(address, content=b""))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.2, free.set)
        assert (await asking).status_code == 202
    assert await count(owner) == 1
