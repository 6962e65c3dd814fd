"""A hook is answered once it is safe, and in the words its provider acts on otherwise."""

import asyncio
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import from_wire
from hub_contract.words import Channel
from hub_kit.hooks import Account, Answer, Hook, Hooks, called_account
from hub_kit.sealing import open_event
from hub_kit.settings import HubSettings, Loaded
from hub_kit.shell import Parts, listen_on, make_app
from hub_kit.strangers import Strangers
from hub_kit.tokens import Refused

SECRET = b"of this account"
LIMIT = 10_000
PUBLIC = "https://faden.example"
HERE = "/hooks/sms/musterstadt/sms-1"
ACCOUNTS = {
    "sms-1": {"channel": "sms", "address": "+4971112301"},
    "post": {"channel": "email", "address": "post@musterstadt.example"},
}
TENANTS = {"musterstadt": {"name": "Stadt Musterstadt", "accounts": ACCOUNTS}}


def signature(address: str, body: bytes) -> str:
    return hmac.digest(SECRET, address.encode() + body, "sha256").hex()


@pytest.fixture
def seen() -> list[Hook]:
    return []


@pytest.fixture
def ground(channel):
    raw = channel.settings.model_dump() | {"tenants": TENANTS}
    return replace(channel, settings=HubSettings.model_validate(raw))


@pytest.fixture
def probe(arrive, seen):
    """A provider's handler: it checks the signature of address and body, as many do."""

    async def handle(hook: Hook):
        seen.append(hook)
        if not hmac.compare_digest(
            hook.headers.get("x-signature", ""), signature(hook.address, hook.body)
        ):
            raise Refused("signature")
        told = json.loads(hook.body)
        arrivals = [arrive(number, told.get("text", "")) for number in told.get("numbers", ())]
        match told.get("fault"):
            case "temporary":
                raise Temporary("media: the provider does not answer")
            case "permanent":
                raise Permanent("no such account")
            case "bug":
                raise KeyError("erika@example.org")
            case "nonsense":
                return None
        if "say" in told:
            return Answer(arrivals, told["say"].encode(), *told.get("as", ()))
        return arrivals

    return handle


@pytest.fixture
async def door(ground, probe):
    """Uvicorn on a real socket, with the receiver in front of a service's app."""
    app = make_app(Parts("probe"))

    @app.post("/other")
    async def other(numbers: list[int]) -> int:
        return sum(numbers)

    hooks = Hooks(app, ground, {Channel.SMS: probe}, PUBLIC, limit=LIMIT)
    async with serving(hooks) as port:
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
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door}", timeout=120) as client:
        yield client


async def call(client, told: dict, target: str = HERE, **headers: str):
    body = json.dumps(told).encode()
    signed = {"X-Signature": signature(PUBLIC + target, body)} | headers
    return await client.post(target, content=body, headers=signed)


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
    target = f"{HERE}/a%2Fb/c?x=1&y=%20z&x=1"
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    odd = {"X-Odd": "gr\u00fc\u00df".encode("latin-1")}
    answer = await call(client, {"numbers": []}, target, **odd, **forged)
    assert answer.status_code == 202
    [hook] = seen
    assert hook.address == PUBLIC + target, "whatever the headers say"
    assert (hook.account, hook.rest) == (Account("sms", "musterstadt", "sms-1"), "/a%2Fb/c")
    assert hook.method == "POST"
    assert hook.body == b'{"numbers": []}'
    assert hook.headers["x-odd"] == "grüß"
    assert hook.headers["host"] == "evil.example"


ANSWERS = [
    (["text/xml"], 200, "text/xml; charset=utf-8", {}),
    (["application/json"], 200, "application/json", {}),
    (["", 204], 204, None, {}),
    (["text/plain", 201, {"X-More": "1"}], 201, "text/plain; charset=utf-8", {"x-more": "1"}),
]


@pytest.mark.parametrize(("said", "status", "media_type", "headers"), ANSWERS)
async def test_a_handler_answers_in_its_own_bytes(client, owner, said, status, media_type, headers):  # noqa: PLR0917 - a row
    told = {"numbers": [1, 2], "say": "" if status == 204 else "<Response/>", "as": said}
    answer = await call(client, told)
    assert (answer.status_code, answer.text) == (status, told["say"])
    assert answer.headers.get("content-type") == media_type
    assert headers.items() <= dict(answer.headers).items()
    assert await count(owner) == 2


async def test_nothing_is_said_before_it_is_safe(client, owner):
    await owner.execute("alter role probe_channel nologin")
    answer = await call(client, {"numbers": [1], "say": "<Response/>"})
    await owner.execute("alter role probe_channel login")
    assert (answer.status_code, answer.json()["title"]) == (503, "Try again later")
    said_only = await call(client, {"say": "<Response/>"})
    assert (said_only.status_code, said_only.text) == (200, "<Response/>")
    assert await count(owner) == 0


async def test_none_or_several_arrivals_and_repetitions(client, owner):
    for numbers, expected in (([], 0), ([1, 2, 3], 3), ([2, 3, 4], 4), ([4], 4)):
        assert (await call(client, {"numbers": numbers})).status_code == 202
        assert await count(owner) == expected


FAULTS = [
    ({"fault": "temporary"}, 503, "Try again later", "5"),
    ({"fault": "bug"}, 503, "Try again later", "5"),
    ({"fault": "nonsense"}, 503, "Try again later", "5"),
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
        answer = await client.post(HERE, content=content)
        assert (answer.status_code, answer.json()["detail"]) == (
            413,
            "A hook has at most 10000 bytes.",
        )
    assert seen == []
    padded = {"numbers": [1], "padding": ""}
    padded["padding"] = "x" * (LIMIT - len(json.dumps(padded)))
    assert (await call(client, padded)).status_code == 202


async def test_what_is_announced_as_too_large_is_not_waited_for(door, seen):
    reader, writer = await asyncio.open_connection("127.0.0.1", door)
    writer.write(f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413 ")
    assert seen == []
    writer.close()
    await writer.wait_closed()


PROBES = [
    ("HEAD", HERE, 200, ""),
    ("HEAD", f"{HERE}/x?y=1", 200, ""),
    ("GET", HERE, 200, "Hooks are taken here.\n"),
    ("PUT", HERE, 405, None),
    ("OPTIONS", HERE, 405, None),
    ("DELETE", HERE, 405, None),
]


@pytest.mark.parametrize(("method", "target", "status", "text"), PROBES)
async def test_who_only_looks_is_answered(client, seen, method, target, status, text):  # noqa: PLR0917 - a row
    answer = await client.request(method, target)
    assert answer.status_code == status
    if text is not None:
        assert answer.text == text
    else:
        assert answer.headers["allow"] == "GET, HEAD, POST"
    assert seen == []


async def test_a_get_with_a_query_is_a_call(client, seen):
    """The handler decides; this one reads JSON from the body and finds no signature."""
    answer = await client.get(f"{HERE}?msisdn=49171")
    assert answer.status_code == 403
    assert [(hook.method, hook.body) for hook in seen] == [("GET", b"")]


async def test_who_hangs_up_in_the_middle_is_not_kept(door, client, owner, seen):
    _, writer = await asyncio.open_connection("127.0.0.1", door)
    writer.write(f"POST {HERE} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await call(client, {"numbers": [1]})).status_code == 202, "the next one is served"
    assert len(seen) == 1
    assert await count(owner) == 1


@pytest.mark.parametrize("account", ["sms-2", "post", "", "sms-1x", "sms%2D1", "%2e%2e/sms-1"])
async def test_an_account_nobody_has_is_404_and_nothing_is_kept(client, owner, seen, account):
    answer = await client.post(f"/hooks/sms/musterstadt/{account}", json={"numbers": [1]})
    elsewhere = await client.post("/hooks/sms/kleindorf/sms-1", json={"numbers": [1]})
    for one in (answer, elsewhere):
        said = "No such account: /hooks/<channel>/<tenant>/<account>."
        assert (one.status_code, one.json()["detail"]) == (404, said)
    assert seen == []
    assert await count(owner) == 0
    counted = (await client.get("/metrics")).text
    assert 'hub_hooks_total{channel="sms",status="404"}' in counted


CALLED = [
    ("/hooks/sms/a/b", ("sms", "a", "b"), ""),
    ("/hooks/sms/a/b/", ("sms", "a", "b"), "/"),
    ("/hooks/sms/a/b/c/d", ("sms", "a", "b"), "/c/d"),
    ("/hooks/sms/a/b//", ("sms", "a", "b"), "//"),
    ("/hooks/sms/a", ("sms", "a", ""), ""),
    ("/hooks/", ("", "", ""), ""),
]


@pytest.mark.parametrize(("path", "account", "rest"), CALLED)
def test_whose_hook_a_path_is(path, account, rest):
    assert called_account(path) == (account, rest)
    assert called_account(path[1:]) is None
    assert called_account(f"/desk{path}") is None


@pytest.mark.parametrize(
    ("section", "variable", "public"),
    [
        ("{}", "", "http://127.0.0.1:8080"),
        ("{gateway: {public: 'https://Faden.example/', door: 'x'}}", "", PUBLIC),
        (
            "{gateway: {public: 'https://x.example'}}",
            "https://faden.example:8443",
            PUBLIC + ":8443",
        ),
    ],
)
def test_the_public_address_is_the_gateways_setting(
    tmp_path, monkeypatch, section, variable, public
):
    monkeypatch.setenv("HUB_GATEWAY_PUBLIC", variable)
    path = tmp_path / "faden.yaml"
    path.write_text(f"database: 'postgresql://x'\nblobs: b\nkeys_file: k\nservices: {section}\n")
    assert Loaded.read(path).public == public


PASSED_ON = [
    ("GET", "/healthz", None, 200),
    ("GET", "/hooks/fax/musterstadt/fax-1", None, 404),
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


async def test_a_stop_answers_what_is_under_way(ground, arrive, owner):
    begun, free = asyncio.Event(), asyncio.Event()

    async def slowly(hook: Hook):
        begun.set()
        await free.wait()
        return [arrive(1)]

    app = Hooks(make_app(Parts("probe")), ground, {Channel.SMS: slowly}, PUBLIC)
    async with httpx.AsyncClient(timeout=60) as client:
        async with serving(app) as port:
            address = f"http://127.0.0.1:{port}{HERE}"
            asking = asyncio.create_task(client.post(address, content=b""))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.2, free.set)
        assert (await asking).status_code == 202
    assert await count(owner) == 1


async def test_operators_see_hooks_for_accounts_that_nobody_has():
    """Of their own tenant and of none; a stranger cannot fill the memory with names."""
    strangers = Strangers(["musterstadt", "kleindorf"])
    assert await strangers.show("musterstadt") == []
    for tenant in ("musterstadt", "musterstadt", "kleindorf", *map(str, range(1_000))):
        strangers.note(tenant)
    [figure] = await strangers.show("musterstadt")
    assert (figure.name, figure.counts) == ("unknown_accounts", {"hooks": 1_002})
    assert len(strangers._seen) == 3
