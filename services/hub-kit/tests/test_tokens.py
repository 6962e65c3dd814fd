"""A service token is good for one service, one tenant, one minute; all else is refused."""

import base64
import json
import time

import jwt
import pytest

from hub_kit.keys import KeyRing
from hub_kit.tokens import Caller, Refused, derive_key, issue, verify

RING = KeyRing({1: b"k" * 32}, b"p" * 32, b"s" * 32)
OTHER = KeyRing({1: b"k" * 32}, b"p" * 32, b"x" * 32)
AGENT = Caller("agent-7", "musterstadt", "agent")
KEY = derive_key(RING, "service-token")


def test_who_calls_comes_back():
    token = issue(RING, AGENT, "conversation_store")
    assert verify(RING, token, "conversation_store") == AGENT
    claims = jwt.decode(token, options={"verify_signature": False})
    assert 0 < claims["exp"] - time.time() <= 60


def claims(**changes: object) -> dict[str, object]:
    whole = {"sub": "a", "tenant": "t", "role": "agent", "aud": "store", "exp": time.time() + 60}
    return {k: v for k, v in (whole | changes).items() if v is not None}


def signed(key: bytes = KEY, algorithm: str = "HS256", **changes: object) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims()]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b""]).decode()


def with_other_claims() -> str:
    head, _, signature = signed().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(tenant="kleindorf")).encode()).rstrip(b"=")
    return f"{head}.{body.decode()}.{signature}"


REFUSED = {
    "missing": lambda: "",
    "no token": lambda: "Bearer x",
    "expired": lambda: issue(RING, AGENT, "store", lifetime=-1),
    "for another service": lambda: issue(RING, AGENT, "workspace"),
    "for several": lambda: signed(aud=["workspace", "channel_email"]),
    "of another ring": lambda: issue(OTHER, AGENT, "store"),
    "of another purpose": lambda: signed(derive_key(RING, "reply-token")),
    "signed with the ring's own key": lambda: signed(RING.signing),
    "another algorithm": lambda: signed(KEY + KEY, "HS512"),
    "unsigned": unsigned,
    "other claims under the signature": with_other_claims,
    "not yet": lambda: signed(nbf=time.time() + 1000),
    "without tenant": lambda: signed(tenant=None),
    "without role": lambda: signed(role=None),
    "without caller": lambda: signed(sub=None),
    "without audience": lambda: signed(aud=None),
    "without end": lambda: signed(exp=None),
    "a caller that is no text": lambda: signed(sub=7),
    "a tenant that is no text": lambda: signed(tenant=["musterstadt", "kleindorf"]),
    "a role that is no text": lambda: signed(role={"agent": 1}),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_all_else_is_refused_without_being_quoted(make):
    token = make()
    with pytest.raises(Refused) as caught:
        verify(RING, token, "store")
    assert not token or token not in str(caught.value)


def test_the_table_above_begins_with_a_good_token():
    assert verify(RING, signed(), "store") == Caller("a", "t", "agent")
