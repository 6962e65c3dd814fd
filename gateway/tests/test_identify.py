"""What the provider says is believed only if it is signed by it, for us, now, for this attempt."""

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.identify import Attempt, Provider
from gateway.settings import Oidc
from hub_contract.errors import Permanent, Temporary

ATTEMPT = Attempt("state", "nonce", "verifier" * 8, "/desk/", "127.0.0.1:1", 0)
CALLBACK = "http://127.0.0.1:1/login/callback"


@pytest.fixture
def run(serving):
    """Run a pretend provider and ours before it."""

    @asynccontextmanager
    async def start(pretend: Any, **more: Any) -> AsyncIterator[Provider]:
        async with serving(pretend.app()) as address:
            pretend.address = f"http://{address}"
            settings = {"issuer": pretend.address, "authentication": "none"} | more
            provider = Provider(Oidc.model_validate(settings), "s:cret")
            try:
                yield provider
            finally:
                await provider.close()

    return start


async def test_who_has_logged_in(run, pretending):
    pretend = pretending(claims={"name": "Anna", "faden": ["musterstadt/agent"]})
    async with run(pretend) as provider:
        address = await provider.address(ATTEMPT, CALLBACK)
        came = await provider.exchange("code", ATTEMPT, CALLBACK)
    assert (came.claims["sub"], came.claims["name"]) == ("anna", "Anna")
    assert came.id_token == pretend.signed_last
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
async def test_how_we_show_our_secret(run, pretending, way, header, secret):
    pretend = pretending()
    async with run(pretend, authentication=way) as provider:
        await provider.exchange("code", ATTEMPT, CALLBACK)
    assert pretend.authorization == header
    assert pretend.asked.get("client_secret") == secret


DAY = 86_400  # seconds; these are written down when the tests begin, and read much later
REFUSED = [
    ("another issuer", {"claims": {"iss": "https://evil.example"}}),
    ("for another client", {"claims": {"aud": "other"}}),
    ("for several, without azp", {"claims": {"aud": ["faden", "other"]}}),
    ("asked for by another client", {"claims": {"aud": ["faden", "other"], "azp": "other"}}),
    ("of another attempt", {"claims": {"nonce": "another"}}),
    ("of no attempt", {"claims": {"nonce": None}}),
    ("expired", {"claims": {"exp": int(time.time()) - DAY}}),
    ("never expiring", {"claims": {"exp": None}}),
    ("of the future", {"claims": {"iat": int(time.time()) + DAY}}),
    ("not valid yet", {"claims": {"nbf": int(time.time()) + DAY}}),
    ("of nobody", {"claims": {"sub": None}}),
    ("of a number", {"claims": {"sub": 7}}),
    ("ending at a word", {"claims": {"exp": "tomorrow"}}),
    ("signed by another key", {"key": "forged"}),
    ("signed by a key that is not published", {"key": "next"}),
    ("signed with our secret", {"key": "secret", "algorithm": "HS256"}),
    ("an exchange that is refused", {"token_status": 400}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "change"), REFUSED, ids=[why for why, _ in REFUSED])
async def test_what_is_refused(run, pretending, why, change):
    async with run(pretending(**change)) as provider:
        with pytest.raises(Permanent):
            await provider.exchange("code", ATTEMPT, CALLBACK)


async def test_unsigned_is_refused(run, pretending):
    pretend = pretending()
    async with run(pretend) as provider:
        claims = {"iss": pretend.address, "aud": "faden", "sub": "anna", "nonce": "nonce"}
        parts = [base64.urlsafe_b64encode(str(p).replace("'", '"').encode()).rstrip(b"=").decode()
                 for p in ({"alg": "none"}, claims | {"exp": int(time.time()) + 300, "iat": 0})]  # fmt: skip
        with pytest.raises(Permanent):
            await provider._read_token(".".join((*parts, "")))


AWAY = [
    ({"token_status": 503}, "answers 503"),
    ({"userinfo": {}, "userinfo_status": 503}, "answers 503"),
    ({"userinfo": ["anna"]}, "answers 200"),
    ({"about": {"issuer": "https://other.example"}}, "calls itself https://other.example; correct"),
    ({"about": {"issuer": None}}, "calls itself nothing; correct"),
    ({"about": {"token_endpoint": "http://127.0.0.1:9/"}}, "ConnectError"),
    ({"about": {"token_endpoint": None}}, "names no token_endpoint"),
    ({"about": {"jwks_uri": 7}}, "names no jwks_uri"),
]


@pytest.mark.parametrize(("change", "said"), AWAY)
async def test_a_provider_that_fails_is_away(run, pretending, change, said):
    async with run(pretending(**change)) as provider:
        with pytest.raises(Temporary, match=said):
            await provider.exchange("code", ATTEMPT, CALLBACK)


async def test_a_new_key_is_learnt_but_not_asked_for_all_the_time(run, pretending, monkeypatch):
    pretend = pretending()
    async with run(pretend) as provider:
        await provider.exchange("code", ATTEMPT, CALLBACK)
        pretend.key, pretend.published = "next", ["next"]
        with pytest.raises(Permanent):
            await provider.exchange("code", ATTEMPT, CALLBACK)
        assert pretend.keys_read == 1
        monkeypatch.setattr("gateway.identify._KEYS_EVERY", -1)
        await provider.exchange("code", ATTEMPT, CALLBACK)
    assert pretend.keys_read == 2


async def test_what_the_token_leaves_out_is_asked_for(run, pretending):
    claims = {"realm_access": {"kept": True}}
    more = {"sub": "anna", "name": "Anna", "realm_access": {"roles": ["agent"]}, "nonce": "x"}
    async with run(pretending(claims, userinfo=more), claim="realm_access.roles") as provider:
        came = (await provider.exchange("code", ATTEMPT, CALLBACK)).claims
    assert (came["name"], came["nonce"]) == ("Anna", "nonce")
    assert came["realm_access"] == {"kept": True, "roles": ["agent"]}


async def test_what_the_token_says_is_not_asked_for(run, pretending):
    pretend = pretending({"name": "Anna", "faden": []}, userinfo={"sub": "anna", "name": "Otto"})
    async with run(pretend) as provider:
        came = (await provider.exchange("code", ATTEMPT, CALLBACK)).claims
    assert (came["name"], came["faden"]) == ("Anna", [])


@pytest.mark.parametrize("userinfo", [{"sub": "otto"}, {"sub": None}, {"sub": ["anna"]}, {}])
async def test_userinfo_of_another_person_is_refused(run, pretending, userinfo):
    """OIDC Core §5.3.2: nothing in it may be used, and whose log-in it is is not clear any more."""
    more = {"name": "Otto", "faden": ["musterstadt/operator"], **userinfo}
    async with run(pretending(userinfo=more)) as provider:
        with pytest.raises(Permanent, match="another person"):
            await provider.exchange("code", ATTEMPT, CALLBACK)
