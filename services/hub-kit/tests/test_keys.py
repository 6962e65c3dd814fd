"""Keys open only what they sealed, where they sealed it; the ring is safe, secret and rotated."""

import base64
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from hub_contract.contact_points import contact_point
from hub_contract.errors import Permanent
from hub_contract.words import ContactKind
from hub_kit.keys import KeyRing, open_sealed, seal
from hub_kit.settings import ConfigurationError
from hub_kit.signers import SIGNERS
from hub_kit.tokens import derive_key

KEY, OTHER = b"k" * 32, b"o" * 32
MINE, THEIRS = UUID(int=1), UUID(int=2)


def ring(**changes) -> KeyRing:
    return KeyRing(**{"wrapping": {1: KEY}, "pseudonym": KEY, "signing": OTHER, **changes})


@pytest.mark.parametrize("plain", [b"", b"x", "Grüße".encode(), os.urandom(100_000)])
def test_what_is_sealed_opens_and_never_looks_the_same_twice(plain):
    first, second = seal(KEY, plain, b"here"), seal(KEY, plain, b"here")
    assert first != second
    assert len(first) == len(plain) + 28
    assert open_sealed(KEY, first, b"here") == open_sealed(KEY, second, b"here") == plain


SEALED = seal(KEY, b"some words", b"here")


def flipped(place: int) -> bytes:
    return SEALED[:place] + bytes([SEALED[place] ^ 1]) + SEALED[place + 1 :]


@pytest.mark.parametrize(
    ("key", "sealed", "place"),
    [
        (KEY, flipped(0), b"here"),  # nonce
        (KEY, flipped(12), b"here"),  # ciphertext
        (KEY, flipped(len(SEALED) - 1), b"here"),  # tag
        (KEY, SEALED[:-1], b"here"),
        (KEY, SEALED + b"\0", b"here"),
        (KEY, SEALED[:20], b"here"),  # shorter than nonce and tag
        (KEY, b"", b"here"),
        (KEY, SEALED, b"there"),
        (OTHER, SEALED, b"here"),
    ],
    ids=range(9),  # sealed anew in each process that tests
)
def test_what_was_touched_or_moved_does_not_open(key, sealed, place):
    with pytest.raises(Permanent, match="cannot be opened"):
        open_sealed(key, sealed, place)


def test_a_data_key_opens_for_its_owner_only():
    wrapped = ring().wrap(OTHER, MINE)
    assert ring().unwrap(wrapped, MINE) == OTHER
    with pytest.raises(Permanent):
        ring().unwrap(wrapped, THEIRS)


def test_after_rotation_the_old_key_still_opens_and_the_highest_wraps():
    before = ring().wrap(KEY, MINE)
    rotated = ring(wrapping={1: KEY, 9: OTHER, 10: b"n" * 32})
    assert rotated.unwrap(before, MINE) == KEY
    after = rotated.wrap(KEY, MINE)
    assert after[0] == 10
    assert ring(wrapping={10: b"n" * 32}).unwrap(after, MINE) == KEY
    with pytest.raises(Permanent, match="not in keys_file"):
        ring().unwrap(after, MINE)


@pytest.mark.parametrize("wrapped", [b"", b"\x07", b"\x01", b"\x01" + b"x" * 60])
def test_broken_wrapped_keys_are_permanent(wrapped):
    with pytest.raises(Permanent):
        ring().unwrap(wrapped, MINE)


def test_a_new_ring_is_secret_and_never_replaced(tmp_path):
    path = tmp_path / "keys.json"
    previous = os.umask(0)
    try:
        KeyRing.create(path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    with pytest.raises(FileExistsError):
        KeyRing.create(path)
    assert path.read_bytes() == first
    made = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert made == {
        "keys.json": 0o600,
        "keys.tokens": 0o700,
        "public.json": 0o644,
        **{f"{signer}.pem": 0o600 for signer in SIGNERS},
    }, "nothing else is left beside it"


def test_two_rings_share_nothing(tmp_path):
    KeyRing.create(tmp_path / "a")
    KeyRing.create(tmp_path / "b")
    a, b = KeyRing.read(tmp_path / "a"), KeyRing.read(tmp_path / "b")
    secrets = {*a.wrapping.values(), *b.wrapping.values(), a.pseudonym, b.pseudonym}
    assert len({*secrets, a.signing, b.signing}) == 6


def test_a_ring_does_not_show_its_secrets():
    text = repr(ring()) + str(ring())
    assert "kkk" not in text
    assert "ooo" not in text


B64 = base64.b64encode(KEY).decode()
WHOLE = {"wrapping": {"1": B64}, "pseudonym": B64, "signing": B64}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not json",
        b"\xff\xff",
        b"[]",
        b"5",
        {},
        {**WHOLE, "wrapping": {}},
        {**WHOLE, "wrapping": []},
        {**WHOLE, "wrapping": {"one": B64}},
        {**WHOLE, "wrapping": {"0": B64}},
        {**WHOLE, "wrapping": {"256": B64}},  # the number travels in one byte
        {**WHOLE, "wrapping": {"1": B64[:-4]}},
        {**WHOLE, "wrapping": {"1": None}},
        {**WHOLE, "pseudonym": base64.b64encode(b"short").decode()},
        {**WHOLE, "pseudonym": "*" + B64},
        {**WHOLE, "signing": 5},
        {"wrapping": {"1": B64}, "pseudonym": B64},
    ],
)
def test_a_broken_ring_is_explained_and_not_quoted(tmp_path, document):
    path = tmp_path / "keys.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.read(path)
    assert str(caught.value) == f"{path}: keys_file: not a key ring; see `faden keys`"


def test_the_whole_document_is_a_ring(tmp_path):
    """Else the table above would prove nothing."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(WHOLE))
    assert KeyRing.read(path).wrapping == {1: KEY}


def test_a_missing_ring_names_the_command(tmp_path):
    with pytest.raises(ConfigurationError, match="make one with `faden keys`"):
        KeyRing.read(tmp_path / "nowhere.json")


def test_pseudonyms_are_stable_and_tell_tenants_kinds_and_values_apart():
    pseudonym = ring().pseudonym_of
    first = pseudonym("musterstadt", "email", "erika@example.org")
    assert first == pseudonym("musterstadt", "email", "erika@example.org")
    # Written down: a changed derivation would part every sender from their past.
    assert first == "781f08e87c9f033292d25d5079cfc755"
    others = [
        pseudonym("kleindorf", "email", "erika@example.org"),
        pseudonym("musterstadt", "phone", "erika@example.org"),
        pseudonym("musterstadt", "email", "erik@example.org"),
        pseudonym("musterstadte", "mail", "erika@example.org"),
        ring(pseudonym=OTHER).pseudonym_of("musterstadt", "email", "erika@example.org"),
    ]
    assert len({first, *others}) == 6
    assert pseudonym("musterstadt", "email", "broken \udcff surrogate")


def test_a_contact_point_has_one_lookup_however_it_is_spelt():
    def lookup(kind: ContactKind, text: str) -> str:
        return ring().lookup_of("musterstadt", contact_point(kind, text, "DE", name=text))

    # What was looked up before spellings were known is found as it was, where it was normal.
    assert lookup(ContactKind.EMAIL, "Erika@Example.ORG") == "781f08e87c9f033292d25d5079cfc755"
    assert lookup(ContactKind.PHONE, "0711 123-0") == lookup(ContactKind.PHONE, "+497111230")
    assert lookup(ContactKind.PHONE, "+497111230") != lookup(ContactKind.FAX, "+497111230")
    assert lookup(ContactKind.PHONE, "anonymous") == lookup(ContactKind.FAX, "FAX") == ""


def test_a_key_for_one_purpose_is_no_key_for_another():
    keys = {derive_key(ring(), purpose) for purpose in ("service-token", "reply-token")}
    assert len(keys | {ring().signing}) == 3


def test_keys_and_nonces_are_never_handed_out_twice():
    """They are taken from a stock, by several threads at once, and in forked processes."""
    key = KeyRing({1: b"1" * 32}, b"2" * 32, b"3" * 32).new_key()

    def draw(count: int) -> list[bytes]:
        return [seal(key, b"", b"")[:12] for _ in range(count)]

    with ThreadPoolExecutor(8) as pool:
        drawn = [nonce for some in pool.map(draw, [1000] * 16) for nonce in some]
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, b"".join(draw(100)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 1200)
    drawn += draw(100) + [theirs[n : n + 12] for n in range(0, 1200, 12)]
    assert len(set(drawn)) == len(drawn) == 16_200
