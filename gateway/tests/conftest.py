"""A whole gateway on real parts: PostgreSQL, a provider of OpenID Connect, services behind it."""

import asyncio
import json
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.app import compose, headers_of
from gateway.settings import GatewaySettings
from hub_kit.find_port import free_port
from hub_kit.ground import Ground
from hub_kit.guard import INSIDE
from hub_kit.processes import peer
from hub_kit.serve import make_server
from hub_kit.settings import HubSettings
from hub_kit.testing import fresh_database, open_ground
from hub_kit.tokens import Caller, verify
from hub_pages.face import Face
from local_hub.peers.settings import Person

MIGRATIONS = Path(__file__).parents[1] / "src/gateway/migrations"
ACCOUNTS = {
    "sms-1": {"channel": "sms", "address": "+4971112301"},
    "sms.3": {"channel": "sms", "address": "+4971112303"},
    "cookies": {"channel": "web", "address": "faden.example/musterstadt"},
}
TENANTS = {
    "musterstadt": {"name": "Stadt Musterstadt", "accounts": ACCOUNTS},
    "kleindorf": {"name": "Kleindorf"},
}
PEOPLE = {
    "anna": Person(name="Anna Ämter", may=("musterstadt/agent",)),
    "otto": Person(name="Otto Ober", may=("musterstadt/operator", "musterstadt/agent")),
    "klara": Person(name="Klara Klein", may=("kleindorf/supervisor", "elsewhere/agent")),
    "fritz": Person(name="Fritz Fremd", may=("musterstadt/king", "citizens")),
}


@asynccontextmanager
async def serving(
    app: Any, port: int = 0, settings: GatewaySettings | None = None
) -> AsyncIterator[str]:
    """Serve an ASGI app in this loop, a gateway where it has settings; yield host:port."""
    door = socket.create_server(("127.0.0.1", port))
    limits, said = (settings.listener, headers_of(settings)) if settings else (INSIDE, [])
    options = {"lifespan": "off", "timeout_graceful_shutdown": 1}
    server = make_server(app, "test", limits, headers=said, **options)
    running = asyncio.create_task(server._serve([door]))
    try:
        yield f"127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@dataclass
class Behind:
    """A service behind the gateway: it tells what reached it."""

    got: list[Request] = field(default_factory=list)
    taken: int = 0  # bytes of the body that came last
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        everything = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        return Starlette(
            routes=[
                Route("/live", self.live),
                Route("/big", self.big),
                Route("/broken", self.broken),
                Route("/broken/large", self.broken),
                Route("/page", self.page),
                Route("/cookies", self.cookies),
                Route("/hooks/web/musterstadt/cookies", self.cookies),
                Route("/file", self.file),
                Route("/{path:path}", self.echo, methods=everything),
            ]
        )

    async def echo(self, request: Request) -> Response:
        self.got.append(request)
        self.taken = 0
        try:
            async for piece in request.stream():
                self.taken += len(piece)
        except ClientDisconnect:
            self.cancelled.set()
            raise
        said = {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": [[n.decode(), v.decode("latin-1")] for n, v in request.headers.raw],
            "bytes": self.taken,
        }
        return JSONResponse(said, headers={"X-Own": "yes"})

    async def live(self, request: Request) -> Response:
        self.got.append(request)

        async def lines() -> AsyncIterator[bytes]:
            try:
                yield b"data: first\n\n"
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def big(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                for number in range(1000):
                    self.taken = number
                    yield b"x" * 100_000
                    await asyncio.sleep(0)
            finally:
                self.cancelled.set()

        return StreamingResponse(pieces(), media_type="application/octet-stream")

    async def broken(self, request: Request) -> Response:
        """Say more than is sent: the line breaks in the middle."""

        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise ConnectionError

        size = 8_000_000 if request.url.path.endswith("large") else 8
        return StreamingResponse(pieces(), headers={"Content-Length": str(size)})

    async def page(self, request: Request) -> Response:
        self.got.append(request)
        return Response(b"x" * 120_000)

    async def cookies(self, request: Request) -> Response:
        answer = Response("")
        answer.set_cookie("faden_citizen", "a", max_age=1800, path="/", domain="example.org")
        answer.set_cookie("faden_theme", "dark", path="/musterstadt", httponly=False)
        answer.set_cookie("faden_session", "stolen")
        answer.set_cookie("other", "b")
        return answer

    async def file(self, request: Request) -> Response:
        return Response("<script>", headers={"Content-Security-Policy": "sandbox"})


@dataclass
class Gate:
    """The gateway as it runs, and a browser before it."""

    address: str
    settings: GatewaySettings
    ground: Ground
    behind: Behind
    app: Any

    def browser(self, **more: Any) -> httpx.AsyncClient:
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"} | more.pop("headers", {})
        return httpx.AsyncClient(
            base_url=f"http://{self.address}", headers=headers, timeout=120, **more
        )

    @property
    def door(self) -> Any:
        return self.app.app

    def caller(self, audience: str) -> Caller:
        """Return who called the service last, as it would verify it."""
        token = self.behind.got[-1].headers["authorization"].removeprefix("Bearer ")
        return verify(self.ground.ring, token, audience)

    async def log_in(self, browser: httpx.AsyncClient, who: str, to: str = "/desk/") -> Any:
        """Go through the log-in as this person; return the answer after the callback."""
        asked = await browser.get("/login", params={"to": to})
        assert asked.status_code == 303, asked.text
        back = await agree(asked.headers["location"], who)
        return await browser.get(back)


async def agree(address: str, who: str) -> str:
    """Click on a person at the provider; return where it sends the browser."""
    async with httpx.AsyncClient(timeout=60) as browser:
        page = await browser.get(address)
        assert who in page.text
        said = await browser.post(address, data={"sub": who})
        assert said.status_code == 302, said.text
        return said.headers["location"]


@dataclass
class Pretend:
    """A provider that signs whatever the test wants it to."""

    claims: dict[str, Any] = field(default_factory=dict)  # laid over the right ones
    address: str = ""
    key: str = "ours"
    algorithm: str = "RS256"
    published: list[str] = field(default_factory=lambda: ["ours"])
    about: dict[str, Any] = field(default_factory=dict)
    userinfo: Any = None
    userinfo_status: int = 200
    token_status: int = 200
    signed_last: str = ""
    asked: dict[str, list[str]] = field(default_factory=dict)  # the form of the exchange
    authorization: str = ""
    keys_read: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.configuration),
                Route("/keys", self.keys),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.more),
            ]
        )

    async def configuration(self, _: Request) -> Response:
        paths = {
            "authorization_endpoint": "/login?x=1",
            "end_session_endpoint": "/end?y=2",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
        }
        if self.userinfo is not None:
            paths["userinfo_endpoint"] = "/userinfo"
        about = {name: self.address + path for name, path in paths.items()}
        return JSONResponse({"issuer": self.address, **about, **self.about})

    async def keys(self, _: Request) -> Response:
        self.keys_read += 1
        return JSONResponse({"keys": [KEYS[key].as_dict(private=False) for key in self.published]})

    async def token(self, request: Request) -> Response:
        self.asked = parse_qs((await request.body()).decode())
        self.authorization = request.headers.get("authorization", "")
        right = {"sub": "anna", "nonce": "nonce", "exp": int(time.time()) + 300}
        self.signed_last = self.signed(right | self.claims)
        answer = {"id_token": self.signed_last, "access_token": "access", "token_type": "Bearer"}
        return JSONResponse(answer, self.token_status)

    async def more(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        return JSONResponse(self.userinfo, self.userinfo_status)

    def signed(self, claims: dict[str, Any], kind: str = "JWT") -> str:
        """Return a token of these claims, where None takes one away."""
        right = {"iss": self.address, "aud": "faden", "iat": int(time.time())}
        said = {name: value for name, value in (right | claims).items() if value is not None}
        header = {"alg": self.algorithm, "typ": kind, "kid": _kid(self.key)}
        return jwt.encode(header, said, KEYS[self.key], [self.algorithm])

    def logout_token(self, **claims: Any) -> str:
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        right = {"sub": "anna", "jti": secrets.token_hex(8), "events": event}
        return self.signed(right | {"exp": int(time.time()) + 120} | claims, "logout+jwt")


def _kid(key: str) -> str:
    return "two" if key == "next" else "one"


KEYS: dict[str, Any] = {
    name: RSAKey.generate_key(2048, {"kid": _kid(name)}) for name in ("ours", "next", "forged")
} | {"secret": OctKey.import_key("s:cret" * 8)}


@pytest.fixture
def pretending() -> type[Pretend]:
    """Return what makes a provider that says what the test wants."""
    return Pretend


PROVIDER = """
import json, sys
from local_hub.peers.identity import make_provider
from local_hub.peers.settings import Person
people = {sub: Person(**person) for sub, person in json.loads(sys.argv[1]).items()}
server = make_provider("127.0.0.1:0", people)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """A provider of its own process: what its libraries warn of is not ours to mend."""
    people = json.dumps({sub: person.model_dump() for sub, person in PEOPLE.items()})
    with peer("-c", PROVIDER, people) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def people() -> dict[str, Person]:
    return PEOPLE


@pytest.fixture
async def database(cluster) -> AsyncIterator[str]:
    async with fresh_database(cluster, {"gateway": MIGRATIONS}) as dsn:
        yield dsn


@pytest.fixture
def settings_of(provider, tmp_path):
    """Make settings for a gateway on this address."""
    secret = tmp_path / "secret"
    secret.write_text("any: the pretend provider takes it")

    def make(address: str, behind: str, **more: Any) -> GatewaySettings:
        oidc = {"issuer": provider, "client_id": "faden", "client_secret_file": secret}
        raw = {
            "door": address,
            "public": f"http://{address}",
            "channel_web": f"http://{behind}",
            "workspace": f"http://{behind}",
            "routes": {"/table": f"http://{behind}"},
            "hooks": {"sms": f"http://{behind}", "web": f"http://{behind}"},
            "oidc": oidc,
        }
        return GatewaySettings.model_validate(raw | more)

    return make


@pytest.fixture
def open_gate(database, tmp_path, settings_of):
    """Return a context that runs a gateway with these settings."""

    @asynccontextmanager
    async def run(
        faces: Mapping[str, Face] = MappingProxyType({}), **more: Any
    ) -> AsyncIterator[Gate]:
        behind = Behind()
        async with open_ground("gateway", database, tmp_path) as ground:
            raw = ground.settings.model_dump() | {"tenants": TENANTS}
            known = Ground(
                **{
                    n: getattr(ground, n)
                    for n in ("schema", "ring", "pool", "blobs", "bus", "accept")
                },
                settings=HubSettings.model_validate(raw),
            )
            port = free_port()
            async with serving(behind.app()) as service:
                settings = settings_of(f"127.0.0.1:{port}", service, **more)
                app, parts = compose(known, settings, faces)
                async with serving(app, port, settings) as address:
                    yield Gate(address, settings, known, behind, app)
                for close in parts.closing:
                    await close()

    return run


@pytest.fixture
async def gate(open_gate) -> AsyncIterator[Gate]:
    async with open_gate() as gate:
        yield gate


def title(page: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    return found[1].strip() if found else ""


@pytest.fixture(name="title")
def _title():
    return title


@pytest.fixture(name="agree")
def _agree():
    return agree


@pytest.fixture
def tenants():
    return TENANTS


@pytest.fixture(name="serving")
def _serving():
    return serving
