"""What the provider says is believed only if it is signed by it, for us, now, for this attempt."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identify import Attempt, Provider
from gateway.settings import Oidc
from hub_contract.errors import Permanent, Temporary

OURS, NEXT, FORGED = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("one", "two", "one"))
ATTEMPT = Attempt("state", "nonce", "verifier" * 8, "/desk/", "127.0.0.1:1", 0)
CALLBACK = "http://127.0.0.1:1/login/callback"


@dataclass
class Pretend:
    """A provider that signs whatever the test wants it to."""

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)  # laid over the right ones
    key: Any = field(default_factory=lambda: OURS)
    algorithm: str = "RS256"
    published: list[Any] = field(default_factory=lambda: [OURS])
    about: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    token_status: int = 200
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
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
        }
        if self.userinfo is not None:
            paths["userinfo_endpoint"] = "/userinfo"
        about = {name: self.address + path for name, path in paths.items()}
        return JSONResponse({"issuer": self.address, **about, **self.about})

    async def keys(self, _: Request) -> Response:
        self.keys_read += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.published]})

    async def token(self, request: Request) -> Response:
        self.asked = parse_qs((await request.body()).decode())
        self.authorization = request.headers.get("authorization", "")
        now = int(time.time())
        right = {
            "iss": self.address,
            "aud": "faden",
            "sub": "anna",
            "nonce": "nonce",
            "iat": now,
            "exp": now + 300,
        }
        claims = {n: v for n, v in (right | self.claims).items() if v is not None}
        header = {"alg": self.algorithm, "kid": "one" if self.key is not NEXT else "two"}
        signed = jwt.encode(header, claims, self.key, [self.algorithm])
        answer = {"id_token": signed, "access_token": "access", "token_type": "Bearer"}
        return JSONResponse(answer, self.token_status)

    async def more(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        return JSONResponse(self.userinfo)


@pytest.fixture
def run(serving):
    """Run a pretend provider and ours before it."""

    @asynccontextmanager
    async def start(pretend: Pretend, **more: Any) -> AsyncIterator[Provider]:
        async with serving(pretend.app()) as address:
            pretend.address = f"http://{address}"
            settings = {"issuer": pretend.address, "authentication": "none"} | more
            provider = Provider(Oidc.model_validate(settings), "s:cret")
            try:
                yield provider
            finally:
                await provider.close()

    return start


async def test_who_has_logged_in(run):
    pretend = Pretend(claims={"name": "Anna", "faden": ["musterstadt/agent"]})
    async with run(pretend) as provider:
        address = await provider.address(ATTEMPT, CALLBACK)
        claims = await provider.exchange("code", ATTEMPT, CALLBACK)
    assert (claims["sub"], claims["name"]) == ("anna", "Anna")
    query = parse_qs(urlsplit(address).query)
    digest = base64.urlsafe_b64encode(hashlib.sha256(ATTEMPT.verifier.encode()).digest())
    assert query["code_challenge"] == [digest.rstrip(b"=").decode()]
    assert query["x"] == ["1"], "what the provider's address has stays"
    assert pretend.asked == {
        "grant_type": ["authorization_code"],
        "code": ["code"],
        "redirect_uri": [CALLBACK],
        "code_verifier": [ATTEMPT.verifier],
        "client_id": ["faden"],
    }


AUTHENTICATIONS = [
    ("none", "", None),
    ("post", "", ["s:cret"]),
    ("basic", "Basic " + base64.b64encode(b"faden:s%3Acret").decode(), None),
]


@pytest.mark.parametrize(("way", "header", "secret"), AUTHENTICATIONS)
async def test_how_we_show_our_secret(run, way, header, secret):
    pretend = Pretend()
    async with run(pretend, authentication=way) as provider:
        await provider.exchange("code", ATTEMPT, CALLBACK)
    assert pretend.authorization == header
    assert pretend.asked.get("client_secret") == secret


HOUR = 3600
REFUSED = [
    ("another issuer", {"claims": {"iss": "https://evil.example"}}),
    ("for another client", {"claims": {"aud": "other"}}),
    ("for several, without azp", {"claims": {"aud": ["faden", "other"]}}),
    ("asked for by another client", {"claims": {"aud": ["faden", "other"], "azp": "other"}}),
    ("of another attempt", {"claims": {"nonce": "another"}}),
    ("of no attempt", {"claims": {"nonce": None}}),
    ("expired", {"claims": {"exp": int(time.time()) - HOUR}}),
    ("never expiring", {"claims": {"exp": None}}),
    ("of the future", {"claims": {"iat": int(time.time()) + HOUR}}),
    ("not valid yet", {"claims": {"nbf": int(time.time()) + HOUR}}),
    ("of nobody", {"claims": {"sub": None}}),
    ("signed by another key", {"key": FORGED}),
    ("signed by a key that is not published", {"key": NEXT}),
    ("signed with our secret", {"key": OctKey.import_key("s:cret" * 8), "algorithm": "HS256"}),
    ("an exchange that is refused", {"token_status": 400}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "change"), REFUSED, ids=[why for why, _ in REFUSED])
async def test_what_is_refused(run, why, change):
    async with run(Pretend(**change)) as provider:
        with pytest.raises(Permanent):
            await provider.exchange("code", ATTEMPT, CALLBACK)


async def test_unsigned_is_refused(run):
    pretend = Pretend()
    async with run(pretend) as provider:
        claims = {"iss": pretend.address, "aud": "faden", "sub": "anna", "nonce": "nonce"}
        parts = [base64.urlsafe_b64encode(str(p).replace("'", '"').encode()).rstrip(b"=").decode()
                 for p in ({"alg": "none"}, claims | {"exp": int(time.time()) + 300, "iat": 0})]  # fmt: skip
        with pytest.raises(Permanent):
            await provider._verified(".".join((*parts, "")), "nonce")


AWAY = [
    ({"token_status": 503}, "answers 503"),
    ({"about": {"issuer": "https://other.example"}}, "calls itself otherwise"),
    ({"about": {"token_endpoint": "http://127.0.0.1:9/"}}, "ConnectError"),
]


@pytest.mark.parametrize(("change", "said"), AWAY)
async def test_a_provider_that_fails_is_away(run, change, said):
    async with run(Pretend(**change)) as provider:
        with pytest.raises(Temporary, match=said):
            await provider.exchange("code", ATTEMPT, CALLBACK)


async def test_a_new_key_is_learnt_but_not_asked_for_all_the_time(run, monkeypatch):
    pretend = Pretend()
    async with run(pretend) as provider:
        await provider.exchange("code", ATTEMPT, CALLBACK)
        pretend.key, pretend.published = NEXT, [NEXT]
        with pytest.raises(Permanent):
            await provider.exchange("code", ATTEMPT, CALLBACK)
        assert pretend.keys_read == 1
        monkeypatch.setattr("gateway.identify._KEYS_EVERY", -1)
        await provider.exchange("code", ATTEMPT, CALLBACK)
    assert pretend.keys_read == 2


async def test_what_the_token_leaves_out_is_asked_for(run):
    more = {"sub": "anna", "name": "Anna", "faden": "musterstadt/agent", "nonce": "x"}
    async with run(Pretend(userinfo=more)) as provider:
        claims = await provider.exchange("code", ATTEMPT, CALLBACK)
    assert (claims["name"], claims["nonce"]) == ("Anna", "nonce")
    async with run(Pretend(userinfo={**more, "sub": "otto"})) as provider:
        assert "name" not in await provider.exchange("code", ATTEMPT, CALLBACK)
