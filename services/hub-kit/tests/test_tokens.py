"""A service token is good for one service, one tenant, one minute; all else is refused."""

import base64
import hmac
import json
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub_kit.keys import KeyRing, beside
from hub_kit.settings import ConfigurationError
from hub_kit.signers import SIGNERS, TokenKeys, make_pairs
from hub_kit.tokens import LEEWAY, Caller, Refused, derive_key, issue, verify

AGENT = Caller("agent-7", "musterstadt", "agent")


def rings(folder: Path) -> dict[str, KeyRing]:
    """Return one ring as each service has it; as `channel_email`, which signs nothing."""
    path = folder / "keys.json"
    if not path.exists():
        KeyRing.create(path)
    return {name: KeyRing.read(path, name) for name in (*SIGNERS, "channel_email")}


with TemporaryDirectory() as one, TemporaryDirectory() as another:
    ALL = rings(Path(one))
    RING, OTHER = ALL["gateway"], rings(Path(another))["gateway"]
OWN = {name: ring.tokens.own for name, ring in ALL.items()}
PUBLIC = OWN["gateway"].private.public_key()


def test_who_calls_comes_back():
    token = issue(RING, AGENT, "conversation_store")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert 0 < claims["exp"] - time.time() <= 60
    for ring in ALL.values():
        assert verify(ring, token, "conversation_store") == AGENT


def claims(**changes: object) -> dict[str, object]:
    whole = {
        "iss": "gateway",
        "sub": "a",
        "tenant": "t",
        "role": "agent",
        "aud": "store",
        "exp": time.time() + 60,
    }
    return {k: v for k, v in (whole | changes).items() if v is not None}


def signed(
    key: object = OWN["gateway"].private,
    algorithm: str = "EdDSA",
    kid: str = OWN["gateway"].name,
    **changes: object,
) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def by(signer: str, **changes: object) -> str:
    """Return what this service can sign, whatever it writes into it."""
    own = OWN[signer]
    return signed(own.private, kid=own.name, **{"iss": signer, **changes})


def confused(public: bytes) -> str:
    """Return a token whose symmetric key is the public one, which everybody has (CVE-2022-29217)."""
    parts = [{"alg": "HS256", "typ": "JWT", "kid": OWN["gateway"].name}, claims()]
    head = b".".join(encoded(json.dumps(part).encode()) for part in parts)
    return b".".join([head, encoded(hmac.digest(public, head, "sha256"))]).decode()


def encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims()]
    return b".".join([*(encoded(json.dumps(p).encode()) for p in parts), b""]).decode()


def with_other_claims() -> str:
    head, _, signature = signed().split(".")
    body = encoded(json.dumps(claims(tenant="kleindorf")).encode())
    return f"{head}.{body.decode()}.{signature}"


REFUSED = {
    "missing": lambda: "",
    "no token": lambda: "Bearer x",
    "expired": lambda: issue(RING, AGENT, "store", lifetime=-LEEWAY - 5),
    "for another service": lambda: issue(RING, AGENT, "workspace"),
    "for several": lambda: signed(aud=["workspace", "channel_email"]),
    "of another ring": lambda: issue(OTHER, AGENT, "store"),
    "of another ring, under our key's name": lambda: signed(OTHER.tokens.own.private),
    "of a name that is no key's": lambda: signed(kid="../gateway"),
    "by what every service has": lambda: signed(derive_key(RING, "service-token"), "HS256"),
    "by the ring's own key": lambda: signed(RING.signing, "HS256"),
    "by the public key, raw": lambda: confused(PUBLIC.public_bytes(Encoding.Raw, PublicFormat.Raw)),
    "by the public key, as PEM": lambda: confused(
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "by the citizens' pages for an agent": lambda: by("channel_web", aud="conversation_store"),
    "by the citizens' pages for themselves": lambda: by("channel_web", role="citizen"),
    "by a voice for a citizen": lambda: by("channel_phone", aud="channel_web", role="citizen"),
    "by a voice for the store": lambda: by(
        "channel_phone", aud="conversation_store", role="portal"
    ),
    "by the citizens' pages as the gateway": lambda: by("channel_web", iss="gateway"),
    "by the desk for a citizen": lambda: by("workspace", aud="channel_web", role="citizen"),
    "by the desk as the gateway": lambda: by("workspace", iss="gateway"),
    "without signer": lambda: signed(iss=None),
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


def jwt_audience(token: str) -> str:
    """Return the service that a token of the table is brought to: the store, or who it is for."""
    said = token.count(".") == 2 and jwt.decode(token, options={"verify_signature": False})
    named = said and said.get("aud")
    return named if named in ("conversation_store", "channel_web") else "store"


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_all_else_is_refused_without_being_quoted(make):
    token = make()
    with pytest.raises(Refused) as caught:
        verify(RING, token, jwt_audience(token))
    assert not token or token not in str(caught.value)


def test_the_table_above_begins_with_a_good_token():
    assert verify(RING, signed(), "store") == Caller("a", "t", "agent")


@pytest.mark.parametrize(
    ("signer", "audience", "role"),
    [
        ("workspace", "conversation_store", "agent"),
        ("workspace", "conversation_store", "supervisor"),
        ("workspace", "channel_email", "operator"),
        ("channel_web", "conversation_store", "citizen"),
        ("gateway", "channel_web", "citizen"),
        ("channel_phone", "channel_web", "portal"),
    ],
)
def test_who_calls_others_is_believed_there(signer, audience, role):
    caller = Caller("a", "t", role)
    assert verify(RING, issue(ALL[signer], caller, audience), audience) == caller


def test_who_calls_nobody_has_nothing_to_sign_with():
    with pytest.raises(ConfigurationError, match="no private key"):
        issue(ALL["channel_email"], AGENT, "store")


@pytest.mark.parametrize("apart", [-LEEWAY + 5, 0, LEEWAY - 5])
def test_clocks_may_differ(apart):
    moment = time.time() + apart
    assert verify(RING, signed(exp=moment + 1, nbf=moment), "store").who == "a"


def test_a_ring_without_token_keys_says_so():
    bare = replace(RING, tokens=None)
    for use in (lambda: issue(bare, AGENT, "store"), lambda: verify(bare, "x", "store")):
        with pytest.raises(ConfigurationError, match="faden keys"):
            use()


def test_pairs_are_replaced_while_tokens_travel(tmp_path):
    """The last pair stays good, the one before does not; who checks needs no new start."""
    signers = [rings(tmp_path)]
    checks = signers[0]["channel_email"]
    for _ in range(2):
        assert make_pairs(beside(tmp_path / "keys.json"), rotate=True) == list(SIGNERS)
        signers.append(rings(tmp_path))
    new, last, first = (issue(one["gateway"], AGENT, "store") for one in reversed(signers))
    assert verify(checks, new, "store") == verify(checks, last, "store") == AGENT
    with pytest.raises(Refused, match="UnknownKey"):
        verify(checks, first, "store")
    assert make_pairs(beside(tmp_path / "keys.json")) == [], "none is missing"


def test_keys_that_are_just_being_replaced_stay_good(tmp_path):
    ring = rings(tmp_path)["gateway"]
    (beside(tmp_path / "keys.json") / "public.json").write_text("{")
    assert verify(ring, issue(ring, AGENT, "store"), "store") == AGENT
    with pytest.raises(Refused, match="UnknownKey"):
        verify(ring, issue(OTHER, AGENT, "store"), "store")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("public.json", None, "public.json: token_keys: No such file"),
        ("public.json", b"{", "public.json: token_keys: no public keys"),
        ("public.json", b"[]", "public.json: token_keys: no public keys"),
        ("public.json", b'{"gateway": ["AAAA"]}', "public.json: token_keys: no public keys"),
        ("public.json", b"{}", "gateway.pem: token_keys: its public key is not in"),
        ("gateway.pem", None, "gateway.pem: token_keys: No such file"),
        ("gateway.pem", b"secret", "gateway.pem: token_keys: no private key"),
    ],
)
def test_broken_pairs_are_explained_and_not_quoted(tmp_path, name, content, says):
    make_pairs(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=says) as caught:
        TokenKeys.read(tmp_path, "gateway")
    assert "faden keys" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_service_needs_no_private_key_of_others(tmp_path):
    make_pairs(tmp_path)
    for signer in SIGNERS:
        (tmp_path / f"{signer}.pem").unlink()
    assert TokenKeys.read(tmp_path, "conversation_store").own is None
