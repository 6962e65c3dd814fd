"""A provider's hook through the real door to a real channel that checks what the provider signed."""

import asyncio
import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpcore
import httpx
import pytest
from prometheus_client import REGISTRY

from gateway.limit import HookLimiter
from gateway.route import Hook, route_hook
from gateway.settings import GatewaySettings, Rate, read_settings
from hub_contract.events import Arrival, MessageContent, MessageReceived
from hub_contract.ids import received_id
from hub_contract.words import Body, Channel
from hub_kit.hooks import Account, Answer, Hooks
from hub_kit.settings import ConfigurationError, HubSettings, Loaded
from hub_kit.shell import Parts, make_app
from hub_kit.testing import eventually, fresh_database, open_ground
from hub_kit.tokens import Refused
from local_hub.programs import migrations

AT = "/hooks/sms/musterstadt/sms-1"
SMS = Account("sms", "musterstadt", "sms-1")
TOKEN = b"auth token of this account"
TWIML = b"<Response/>"


def sign(address: str, form: bytes) -> str:
    """As Twilio does: the address as called, then every name and value once, sorted and decoded."""
    pairs = sorted(set(parse_qsl(form.decode(), keep_blank_values=True)))
    text = address + "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.digest(TOKEN, text.encode(), "sha1")).decode()


async def take_sms(hook):
    """The channel's handler: nothing is read before it is known who sent it."""
    signature = hook.headers.get("x-twilio-signature", "")
    if not hmac.compare_digest(signature, sign(hook.address, hook.body)):
        raise Refused("signature")
    told = dict(parse_qsl(hook.body.decode(), keep_blank_values=True))
    event = MessageReceived(
        id=received_id(hook.account.tenant, "sms", hook.account.name, told["MessageSid"]),
        tenant=hook.account.tenant,
        channel=Channel.SMS,
        account=hook.account.name,
        received_at=datetime.now(UTC),
        content=MessageContent(body=Body(text=told["Body"])),
    )
    return Answer([Arrival(event, hook.body)], TWIML, "text/xml")


@pytest.fixture
async def database(cluster):
    """The gateway's tables, and those of a channel: any channel's schema and role will do."""
    wanted = {name: migrations()[name] for name in ("gateway", "channel_email")}
    async with fresh_database(cluster, wanted) as dsn:
        yield dsn


@pytest.fixture
async def carrier(open_gate, serving, tenants, database, tmp_path):
    """A provider in front of a gateway in front of a channel; it signs whatever it calls."""
    async with open_ground("channel_email", database, tmp_path) as bare:
        raw = bare.settings.model_dump() | {"tenants": tenants}
        ground = replace(bare, settings=HubSettings.model_validate(raw))
        channel = Late(ground)
        async with (
            serving(channel) as service,
            open_gate(hooks={"sms": f"http://{service}"}) as gate,
        ):
            channel.begin(gate.settings.public)
            async with httpcore.AsyncConnectionPool() as pool:
                yield Carrier(gate, ground, pool)


class Late:
    """The channel learns the public address once the gateway has its port."""

    def __init__(self, ground) -> None:
        self.ground, self.app = ground, None

    def begin(self, public: str) -> None:
        app = make_app(Parts("probe"))
        self.app = Hooks(app, self.ground, {Channel.SMS: take_sms}, public, limit=100_000)

    async def __call__(self, scope, receive, send) -> None:
        await self.app(scope, receive, send)


class Carrier:
    def __init__(self, gate, ground, pool) -> None:
        self.gate, self.ground, self.pool = gate, ground, pool

    async def call(self, target, form=b"MessageSid=SM1&Body=Hallo", method="POST", **headers):
        """Call this path and query, byte for byte; signed as it is configured at the provider."""
        host, _, port = self.gate.address.partition(":")
        signed = {
            "Host": self.gate.address,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(f"http://{self.gate.address}{target}", form),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        url = httpcore.URL(scheme="http", host=host, port=int(port), target=target.encode())
        return await self.pool.request(method, url, headers=signed, content=form)

    async def kept(self) -> int:
        return await self.ground.pool.fetchval("select count(event_id) from hub.event_log")


TARGETS = [
    AT,
    f"{AT}/",
    f"{AT}/status",
    f"{AT}?a=1&b=2",
    f"{AT}?b=2&a=1&b=2&b=1",
    f"{AT}?a=&b&=c&&",
    f"{AT}/in?x=%C3%BC%20+%2B&y=%7e~",
    f"{AT}/a%2Fb%3Fc/d;e=1?u=http://x.example/?y=1",
    f"{AT}/%41%62?%41=%62",
    f"{AT}/x?q='\"<>[]{{}}|^`\\",
    f"{AT}//x",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_the_address_arrives_as_the_provider_called_and_signed_it(carrier, target):
    answer = await carrier.call(target, b"MessageSid=SM1&Body=Gr%C3%BC%C3%9Fe+%26+so&Body=x&Body=x")
    assert (answer.status, answer.content) == (200, TWIML)
    assert dict(answer.headers)[b"content-type"] == b"text/xml; charset=utf-8"
    assert await carrier.kept() == 1


OTHERWISE = [
    ("another path", {"target": f"{AT}/x"}),
    ("another query", {"target": f"{AT}?a=1"}),
    ("another order", {"target": f"{AT}?b=2&a=1"}),
    ("another way to write it", {"target": f"{AT}?a=%7E"}),
    ("another body", {"form": b"MessageSid=SM2&Body=Hallo"}),
    ("another host", {"X_Forwarded_Host": "evil.example"}),
]


@pytest.mark.parametrize("change", [row[1] for row in OTHERWISE], ids=[row[0] for row in OTHERWISE])
async def test_what_was_signed_otherwise_is_refused(carrier, change):
    signed = f"http://{carrier.gate.address}{AT}?a=1&b=2"
    if "X_Forwarded_Host" in change:
        signed = f"http://evil.example{AT}"
    wrong = sign(signed, b"MessageSid=SM1&Body=Hallo")
    answer = await carrier.call(**{"target": AT, "X_Twilio_Signature": wrong} | change)
    assert answer.status == 403
    assert b"The signature does not fit this call." in answer.content
    assert await carrier.kept() == 0


async def test_twice_is_once(carrier):
    for _ in range(2):
        assert (await carrier.call(AT)).status == 200
    assert await carrier.kept() == 1


async def test_a_body_in_pieces_is_one_too(carrier):
    async def pieces():
        for piece in (b"MessageSid=SM1", b"&Body=", b"Hallo"):
            yield piece

    host, _, port = carrier.gate.address.partition(":")
    url = httpcore.URL(scheme="http", host=host, port=int(port), target=AT.encode())
    headers = {
        "Host": carrier.gate.address,
        "Transfer-Encoding": "chunked",
        "X-Twilio-Signature": sign(
            f"http://{carrier.gate.address}{AT}", b"MessageSid=SM1&Body=Hallo"
        ),
    }
    answer = await carrier.pool.request("POST", url, headers=headers, content=pieces())
    assert answer.status == 200
    assert await carrier.kept() == 1


PROBES = [
    ("HEAD", AT, 200),
    ("GET", AT, 200),
    ("HEAD", f"{AT}?challenge=1", 200),
    ("GET", f"{AT}/status", 200),
    ("GET", f"{AT}?MessageSid=SM1", 403),  # a call as any other, and not signed
    ("OPTIONS", AT, 405),
    ("PUT", AT, 405),
    ("DELETE", AT, 405),
    ("TRACE", AT, 405),
    ("HEAD", "/hooks/sms/musterstadt/nobody", 404),
]


@pytest.mark.parametrize(("method", "target", "status"), PROBES)
async def test_providers_may_look_whether_anybody_is_there(carrier, method, target, status):
    answer = await carrier.call(target, b"", method, X_Twilio_Signature="")
    assert answer.status == status
    if status == 405:
        assert dict(answer.headers)[b"allow"] == b"GET, HEAD, POST"
    assert await carrier.kept() == 0


async def test_while_the_database_is_away_the_provider_shall_call_again(carrier, database):
    await carrier.ground.pool.close()
    answer = await carrier.call(AT)
    assert (answer.status, dict(answer.headers)[b"retry-after"]) == (503, b"5")


def counted(channel: str, status: int) -> float:
    labels = {"channel": channel, "status": str(status)}
    return REGISTRY.get_sample_value("hub_hooks_total", labels) or 0


UNKNOWN = [
    ("/hooks/sms/musterstadt/sms-2", "sms"),
    ("/hooks/sms/kleindorf/sms-1", "sms"),
    ("/hooks/sms/nirgends/sms-1", "sms"),
    ("/hooks/sms/musterstadt/SMS-1", "sms"),
    ("/hooks/sms/musterstadt/sms%2D1", "sms"),
    ("/hooks/sms/musterstadt/", "sms"),
    ("/hooks/sms/musterstadt", "sms"),
    ("/hooks/sms", "sms"),
    ("/hooks/fax/musterstadt/sms-1", "fax"),
    ("/hooks/telex/musterstadt/sms-1", ""),
    ("/hooks/", ""),
    (f"{AT}/../../kleindorf", "sms"),
    (f"{AT}/%2e%2e/x", "sms"),
]


@pytest.mark.parametrize(("target", "channel"), UNKNOWN)
async def test_an_account_nobody_has_is_404_counted_and_reaches_nothing(gate, target, channel):
    before = counted(channel, 404)
    url = httpcore.URL(
        scheme="http", host="127.0.0.1", port=int(gate.address[10:]), target=target.encode()
    )
    async with httpcore.AsyncConnectionPool() as pool:
        headers = {"Host": gate.address, "Accept": "text/html"}
        answer = await pool.request("POST", url, headers=headers, content=b"x")
    assert answer.status == 404
    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"
    assert b"No such account: /hooks/<channel>/<tenant>/<account>." in answer.content
    assert gate.behind.got == []
    assert counted(channel, 404) == before + 1


async def test_a_hook_is_no_visit(gate):
    """Neither session nor cookie nor site counts; what we say of callers nobody else can say."""
    sent = {
        "Cookie": "faden_citizen=c; faden_session=s",
        "Sec-Fetch-Site": "cross-site",
        "Origin": "https://provider.example",
        "Authorization": "Basic c2luY2g6Z2VoZWlt",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Faden-Name": "Chef",
        "X-Twilio-Signature": "abc=",
        "Telnyx-Timestamp": "1",
    }
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as provider:
        answer = await provider.post(f"{AT}/x?y=1", headers=sent, content=b"data")
    said = answer.json()
    assert (said["method"], said["path"], said["query"], said["bytes"]) == (
        "POST",
        f"{AT}/x",
        "y=1",
        4,
    )
    headers = dict(said["headers"])
    ours = {"x-forwarded-proto": "http", "x-forwarded-for": "127.0.0.1"}
    assert {n: v for n, v in headers.items() if n.startswith("x-f")} == ours
    assert headers["authorization"] == sent["Authorization"], "the channel checks what it is shown"
    assert (headers["x-twilio-signature"], headers["telnyx-timestamp"]) == ("abc=", "1")
    assert headers["host"] == gate.address
    assert "cookie" not in headers
    assert await gate.ground.pool.fetchval("select count(*) from session") == 0


async def test_no_cookie_goes_out(gate):
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as provider:
        answer = await provider.get("/hooks/web/musterstadt/cookies")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


async def test_too_often_is_said_with_the_seconds_to_wait(open_gate):
    async with open_gate(limits={"hook": {"times": 3, "seconds": 600}}) as gate:

        async def call(target=AT, peer="192.0.2.1"):
            transport = httpx.ASGITransport(gate.app, client=(peer, 1))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{gate.address}"
            ) as one:
                return await one.post(target)

        before = counted("sms", 429)
        assert [(await call()).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = await call(f"{AT}/status")
        assert 1 <= int(answer.headers["retry-after"]) <= 201
        assert answer.headers["content-type"] == "application/problem+json"
        assert counted("sms", 429) == before + 2
        assert (await call("/hooks/sms/musterstadt/sms.3")).status_code == 200, "another account"
        assert (await call(peer="192.0.2.2")).status_code == 200, (
            "a stranger's flood is the stranger's"
        )


async def test_a_burst_of_two_hundred_passes_and_every_connection_is_let_go_of(gate):
    """A client that has read all goes away; what is cancelled by it may not keep its connection."""
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as provider:
        answers = await asyncio.gather(*(provider.post(AT) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    inside = gate.door.forwarder._pool

    async def all_free() -> bool:
        return all(one.is_idle() or one.is_closed() for one in inside.connections)

    await eventually(all_free)


async def test_a_hundred_megabytes_are_refused_unread(gate):
    reader, writer = await asyncio.open_connection(*gate.address.split(":"))
    head = f"POST {AT} HTTP/1.1\r\nHost: {gate.address}\r\nContent-Length: 104857600\r\n\r\n"
    writer.write(head.encode() + b"x" * 65_536)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer
    assert b"A hook has at most 33554432 bytes." in await reader.readuntil(b"}")
    assert gate.behind.got == []
    writer.close()


async def test_a_hook_that_grows_over_the_limit_ends_there(open_gate):
    async def pieces():
        for _ in range(100):
            yield b"x" * 1024

    async with open_gate(hook_limit=10_240) as gate, httpx.AsyncClient(timeout=60) as provider:
        answer = await provider.post(f"http://{gate.address}{AT}", content=pieces())
        assert (answer.status_code, answer.json()["title"]) == (413, "Content Too Large")
        assert gate.behind.got == [], "the channel was not asked"
        fits = await provider.post(f"http://{gate.address}{AT}", content=b"x" * 10_240)
        assert fits.json()["bytes"] == 10_240


async def test_what_the_channel_finds_too_large_is_said_too(carrier):
    answer = await carrier.call(AT, b"MessageSid=SM1&Body=" + b"x" * 5_000_000)
    assert answer.status == 413
    assert b"A hook has at most 100000 bytes." in answer.content
    assert await carrier.kept() == 0
    assert (await carrier.call(AT)).status == 200, "and the next one is taken"


async def test_a_channel_that_is_away_is_said(open_gate):
    away = {"sms": "http://127.0.0.1:9"}
    async with open_gate(hooks=away) as gate, httpx.AsyncClient(timeout=60) as provider:
        for method in ("POST", "HEAD"):
            headers = {"Accept": "text/html"}
            answer = await provider.request(method, f"http://{gate.address}{AT}", headers=headers)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_gateway_whose_database_is_away_lets_hooks_pass(gate):
    """The channel says whether it can keep them."""
    await gate.ground.pool.close()
    async with httpx.AsyncClient(base_url=f"http://{gate.address}", timeout=60) as provider:
        assert (await provider.post(AT)).status_code == 200
    assert len(gate.behind.got) == 1


async def test_a_burst_passes_and_who_goes_on_waits():
    now = 100.0
    limiter = HookLimiter(Rate(times=4, seconds=2), lambda: now)
    assert [limiter.ask("a") for _ in range(6)] == [0, 0, 0, 0, 1, 1]
    assert limiter.ask("b") == 0
    now += 0.5
    assert [limiter.ask("a"), limiter.ask("a")] == [0, 1]
    assert await limiter.sweep() == 1  # b
    assert limiter.ask("a") == 1, "who still counts is not forgotten"
    now += 100
    assert await limiter.sweep() == 1
    assert limiter._due == {}
    assert [limiter.ask("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    slow = HookLimiter(Rate(times=1, seconds=60), lambda: now)
    assert [slow.ask("a"), slow.ask("a")] == [0, 60]


SETTINGS = GatewaySettings(
    public="https://faden.example", hosts={"amt.kleindorf.example": "kleindorf"}
)
CHANNEL = "http://sms:1"
PLACES = [
    ("faden.example", AT, Hook(SMS, CHANNEL)),
    ("faden.example:443", AT, Hook(SMS, CHANNEL)),
    ("faden.example", f"{AT}/x/y", Hook(SMS, CHANNEL)),
    ("faden.example:80", AT, Hook(SMS, "")),
    ("amt.kleindorf.example", AT, Hook(SMS, "")),
    ("evil.example", AT, Hook(SMS, "")),
    ("", AT, Hook(SMS, "")),
    ("faden.example", f"{AT}x", Hook(SMS._replace(name="sms-1x"), "")),
    ("faden.example", f"{AT}/%00", Hook(SMS, "")),
    ("faden.example", "/hooks", None),
    ("faden.example", "/hooksms", None),
    ("faden.example", f"/musterstadt{AT}", None),
    ("faden.example", f"//{AT}", None),
]


@pytest.mark.parametrize(("host", "path", "place"), PLACES)
def test_whose_hook_it_is(host, path, place):
    assert route_hook(host, path, SETTINGS, {SMS: CHANNEL}) == place


def read(tmp_path, services: str) -> GatewaySettings:
    path = tmp_path / "faden.yaml"
    base = "database: 'postgresql://x'\nblobs: b\nkeys_file: k\nservices:\n"
    path.write_text(base + services, encoding="utf-8")
    return read_settings(Loaded.read(path))


def test_where_a_channel_listens_is_said_once(tmp_path, monkeypatch):
    services = """
  channel_sms: {http: '127.0.0.1:8015', more: 1}
  channel_fax: {http: '0.0.0.0:8016'}
  channel_phone: {http: '[::]:8017'}
  channel_paper: {}
  channel_email: {http: '127.0.0.1:8011'}
  gateway: {hooks: {fax: 'http://fax.inside:80'}}
"""
    monkeypatch.setenv("HUB_CHANNEL_SMS_HTTP", "127.0.0.1:9015")
    assert read(tmp_path, services).hooks == {
        Channel.SMS: "http://127.0.0.1:9015",
        Channel.FAX: "http://fax.inside:80",
        Channel.PHONE: "http://[::1]:8017",
        Channel.EMAIL: "http://127.0.0.1:8011",
    }


@pytest.mark.parametrize(
    ("services", "key"),
    [
        ("  gateway: {hooks: {telex: 'http://x'}}\n", "services.gateway.hooks.telex"),
        ("  gateway: {hooks: {sms: 'x:1'}}\n", "services.gateway.hooks.sms"),
        ("  channel_sms: {http: '8015'}\n", "services.channel_sms.http"),
    ],
)
def test_a_mistake_about_hooks_is_one_line(tmp_path, services, key):
    with pytest.raises(ConfigurationError, match=key):
        read(tmp_path, services)
