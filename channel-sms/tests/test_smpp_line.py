"""The line to the SMSC: bound, kept alive, lost, and bound again; by TLS; and by another client."""

import asyncio
import ipaddress
from collections import Counter
from datetime import UTC, datetime, timedelta

import aiosmpplib
import pytest
from aiosmpplib.log import CRITICAL
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from channel_sms.providers.smpp_codes import LATER, QUEUE_FULL
from channel_sms.providers.smpp_line import Line
from channel_sms.providers.smpp_session import MOST_AT_ONCE
from hub_contract.errors import Temporary
from hub_kit.testing import eventually
from local_hub.peers.phones.packets import DELIVER, ENQUIRE, NACK, QUERY, RESPONSE, UNBIND
from local_hub.peers.phones.smsc import QUERY_FAILED

OURS, ERIKA = "+4971112399", "+491715550101"
PASSWORD = "geheim88"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "smsc.example")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "smsc.pem"
    own = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + own)
    return path


async def test_both_sides_ask_for_life_and_refuse_what_they_do_not_know(bound, smsc):
    await bound.line.ask(QUERY, b"x\0\1\1\0")
    (first,) = smsc.smsc.bound
    assert (await first.ask(ENQUIRE)).command == ENQUIRE | RESPONSE
    assert (await first.ask(0x123)).command == NACK


async def test_a_line_that_gives_no_sign_of_life_is_given_up(bind_to, smsc):
    await bind_to(smsc.number(enquire_every=0.05, answer_within=1))
    first = await bound_line(smsc)
    smsc.breaks(silent=True)
    await is_replaced(first, smsc)


async def bound_line(smsc):
    async def is_bound() -> bool:
        return bool(smsc.smsc.bound)

    await eventually(is_bound)
    return smsc.smsc.bound[0]


async def test_too_much_at_once_is_put_off(smsc, held):
    gate = asyncio.Event()

    async def take(*_: object) -> int:
        await gate.wait()
        return 0

    await held(take)
    first = await bound_line(smsc)
    asked = [asyncio.create_task(first.ask(DELIVER)) for _ in range(MOST_AT_ONCE + 1)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert [one.result().status for one in done] == [QUEUE_FULL]
    gate.set()
    said = Counter([(await one).status for one in asked])
    assert said == {0: MOST_AT_ONCE, QUEUE_FULL: 1}


async def test_a_fault_of_ours_is_no_yes(smsc, held):
    async def take(*_: object) -> int:
        raise ValueError("+491715550101")

    await held(take)
    first = await bound_line(smsc)
    assert (await first.ask(DELIVER)).status == LATER


async def test_no_more_is_under_way_than_the_window_holds(smsc, held):
    """One request at a time: each waits until the one before has its answer, or none."""
    line = await held(nothing, window=1, answer_within=1)
    await bound_line(smsc)
    smsc.breaks(silent=True)
    asked = [asyncio.create_task(line.ask(QUERY, b"x\0\1\1\0")) for _ in range(4)]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert 1 <= smsc.smsc.unanswered <= 2, "the second one follows when the first has ended"
    smsc.breaks()
    await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
async def held(smsc):
    """Return what holds a line whose deliveries go there."""
    running = []

    async def hold(take, **more) -> Line:
        line = Line(smsc.number(**more), take, pauses=(0.05,), patience=60)
        running.append(asyncio.create_task(line.run()))
        return line

    yield hold
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_the_smsc_may_say_good_bye(bound, smsc):
    await bound.line.ask(QUERY, b"x\0\1\1\0")
    (first,) = smsc.smsc.bound
    assert (await first.ask(UNBIND)).status == 0
    await is_replaced(first, smsc)


async def test_a_wrong_length_ends_the_connection_and_no_more(bound, smsc):
    await bound.line.ask(QUERY, b"x\0\1\1\0")
    (first,) = smsc.smsc.bound
    first.writer.write(b"\xff" * 16)
    await is_replaced(first, smsc)
    assert (await bound.line.ask(QUERY, b"x\0\1\1\0")).status == QUERY_FAILED


async def is_replaced(first, smsc) -> None:
    async def is_another() -> bool:
        return any(one is not first for one in smsc.smsc.bound)

    await eventually(is_another)


async def test_who_is_not_let_in_sends_nothing(smsc):
    await is_refused(smsc.number(system_id="nobody"), "ESME_RINVPASWD")
    assert smsc.smsc.bound == []


async def test_a_password_that_is_gone_is_no_line(smsc, tmp_path):
    await is_refused(smsc.number(password_file=tmp_path / "none"), "correct password_file")


async def nothing(*_: object) -> int:
    raise AssertionError("nobody delivers here")


async def test_a_line_by_tls_trusts_whom_the_file_names(smsc_by_tls, certificate, bind_to):
    bound = await bind_to(smsc_by_tls.number(tls=True, tls_ca=certificate))
    assert (await bound.line.ask(QUERY, b"x\0\1\1\0")).status == QUERY_FAILED
    await is_refused(smsc_by_tls.number(tls=True), "certificate")


async def is_refused(number, why: str) -> None:
    line = Line(number, nothing, pauses=(0.01,), patience=0.5)
    running = asyncio.create_task(line.run())

    async def is_said() -> bool:
        with pytest.raises(Temporary) as no:
            await line.ask(QUERY, b"")
        return why in str(no.value)

    await eventually(is_said)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_another_librarys_client_finds_the_contract_kept(smsc):
    """What the pretend SMSC says, aiosmpplib understands: both ways, with receipts."""
    said: list[aiosmpplib.SmppMessage] = []

    class Noting(aiosmpplib.AbstractHook):
        async def sending(self, *_: object) -> None:
            """Nothing to note."""

        async def received(self, message, pdu: bytes, client_id: str) -> None:
            if isinstance(message, aiosmpplib.SubmitSmResp | aiosmpplib.DeliverSm):
                said.append(message)

        async def send_error(self, message, error: Exception, client_id: str) -> None:
            raise error

    esme = aiosmpplib.ESME(
        "127.0.0.1", smsc.port, "stadt", PASSWORD, hook=Noting(), log_level=CRITICAL
    )
    await esme.broker.enqueue(
        aiosmpplib.SubmitSm(
            short_message="Von aiosmpplib",
            source=aiosmpplib.PhoneNumber(OURS[1:]),
            destination=aiosmpplib.PhoneNumber(ERIKA[1:]),
            registered_delivery=1,
        )
    )
    running = asyncio.create_task(esme.start())
    await smsc.write("Grüße vom Handy")

    async def is_all_there() -> bool:
        return len(said) == 3

    await eventually(is_all_there)
    writer = esme._writer  # it leaves its socket open
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    writer.close()
    answer = next(one for one in said if isinstance(one, aiosmpplib.SubmitSmResp))
    receipt = next(
        one for one in said if isinstance(one, aiosmpplib.DeliverSm) and one.is_receipt()
    )
    assert receipt.parse_receipt()["id"] == answer.message_id
    assert receipt.parse_receipt()["stat"] == "DELIVRD"
    assert "Grüße vom Handy" in [getattr(one, "short_message", "") for one in said]
    assert smsc.sent() == ["Von aiosmpplib"]
