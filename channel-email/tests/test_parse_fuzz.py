"""Whatever bytes come, `parse` answers and keeps them; here its net below is taken away."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channel_email.parse import Context, read
from hub_contract.events import CONVERSATION_EVENT, DeliveryReported, MessageReceived

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "samples" / "email"
SMALL = 60_000
SAMPLES = [
    path.read_bytes()
    for folder in (SHARED, HERE / "samples")
    for path in sorted(folder.rglob("*"))
    if path.is_file() and path.stat().st_size < SMALL
]
CONTEXT = Context(
    tenant="musterstadt",
    account="post",
    received_at=datetime(2026, 3, 12, tzinfo=UTC),
    domain="musterstadt.example",
    trusted_hosts=frozenset({"mx.google.com"}),
)
MANY = settings(max_examples=4 * settings().max_examples, suppress_health_check=list(HealthCheck))
PIECES = st.sampled_from(
    [
        b"\n\n",
        b"\r\n",
        b"\n--",
        b"\nContent-Type: multipart/mixed; boundary=x\n\n--x\n",
        b"\n--x--\n",
        b"\nContent-Type: message/rfc822\n\n",
        b"\nContent-Type: message/delivery-status\n\n",
        b"\nContent-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22",
        b"\nContent-Type: text/html\n\n",
        b"\nContent-Transfer-Encoding: base64\n",
        b"\nContent-Transfer-Encoding: quoted-printable\n",
        b"\nContent-Transfer-Encoding: x-uuencode\n",
        *(
            b"\nContent-Type: text/plain; charset=%s\n" % name
            for name in (
                b"utf-7",
                b"utf-16",
                b"hz",
                b"iso-2022-kr",
                b"base64",
                b"zlib",
                b"idna",
                b"unicode_escape",
                b"undefined",
                b"\x00",
            )
        ),
        b"=?utf-8?B?w7w=?=",
        b"=?zip?Q?=FF?=",
        b"=?",
        b"filename*0*=x'y'%FF",
        b"begin 644 a\n#0V%T\n`\nend\n",
        b"\x00",
        b"\xff\xfe",
        b"&#xD800;",
        "\ue000\ue003\ue004".encode(),
        b"\xed\xa0\x80",
        b"<blockquote><div id=divRplyFwdMsg>",
        b"\nAm 1.1.2026 um 10:00 schrieb x <y@z.de>:\n> z\n",
        b"From: (((((<<<<<@@@",
        b"bounce+7d1f3c52-9a0b-4e6d-8c21-5b9a4f0e1d77@musterstadt.example",
    ]
)


def check(raw: bytes) -> None:
    arrival = read(raw, CONTEXT)
    event = arrival.event
    assert arrival.original == raw
    assert isinstance(event, MessageReceived | DeliveryReported)
    assert CONVERSATION_EVENT.validate_json(event.model_dump_json()) == event  # it can travel
    if isinstance(event, MessageReceived):
        listed = event.content.attachments
        assert [a.size for a in listed] == [len(f) for f in arrival.files]
        assert all(a.file_name and "/" not in a.file_name for a in listed)


@MANY
@given(st.binary(max_size=2000))
def test_random_bytes(raw: bytes) -> None:
    check(raw)


@MANY
@given(st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=20).map(b"".join))
def test_bytes_that_look_like_mail(raw: bytes) -> None:
    check(b"From: e@m.de\n" + raw)


@pytest.mark.skipif(not SAMPLES, reason="no samples")
@MANY
@given(st.data())
def test_damaged_samples(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        match data.draw(st.sampled_from(["insert", "flip", "cut", "drop", "double"])):
            case "insert":
                raw[at:at] = data.draw(PIECES)
            case "flip":
                raw[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "cut":
                del raw[at:]
            case "drop":
                del raw[at : at + data.draw(st.integers(1, 300))]
            case "double":
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 300))]
    check(bytes(raw))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 100])
def test_every_sample_cut_short(size: int) -> None:
    for raw in SAMPLES:
        check(raw[:size])
        check(raw[: len(raw) * size // 101])
