"""`faden check` asks the relay what it offers, and says in words what will be missed."""

import asyncio

import pytest

from hub_kit.about import Carrier, Peer
from local_hub.carries import ask_carrier

UMLAUTS = "takes no addresses with umlauts before the @ (no SMTPUTF8)"
REPORTS = "reports no deliveries (no DSN)"
PLAIN, STARTTLS = Carrier("if-offered"), Carrier("starttls")
# What the relay offers, what the settings say of it; what is missed, and what is wrong.
TABLE = [
    (["SMTPUTF8", "DSN"], PLAIN, [], ""),
    (["8BITMIME", "DSN"], PLAIN, [UMLAUTS], ""),
    ([], PLAIN, [UMLAUTS, REPORTS], ""),
    (["SMTPUTF8", "DSN", "AUTH PLAIN"], Carrier("none", logs_in=True), [], ""),
    (["SMTPUTF8", "DSN"], Carrier("none", logs_in=True), [], "offers no log-in (AUTH)"),
    (["SMTPUTF8", "DSN"], STARTTLS, [], "offers no STARTTLS"),
    (["STARTTLS"], STARTTLS, [], "is no server that tls can be spoken with"),
    (["SMTPUTF8"], Carrier("implicit"), [], "is no server that tls can be spoken with"),
]


async def _asked(carrier, greeting, extensions):
    async def serve(reader, writer):
        writer.write(greeting)
        while line := await reader.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                said = [b"relay.example", *(one.encode() for one in extensions), b"HELP"]
                writer.write(b"".join(b"250-%b\r\n" % one for one in said[:-1]))
                writer.write(b"250 %b\r\n" % said[-1])
            else:
                writer.write(b"221 Bye\r\n" if verb == b"QUIT" else b"220 Go on\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    peer = Peer("relay", "127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        return await ask_carrier(peer, carrier, 60)
    finally:
        server.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "-".join((row[1].tls, *row[0])))
def test_what_a_relay_offers_is_compared_with_the_settings(row):
    extensions, carrier, missed, wrong = row
    found, fault, remedy = asyncio.run(_asked(carrier, b"220 relay.example\r\n", extensions))
    assert found == missed
    assert fault.startswith(wrong)
    assert bool(fault) == bool(remedy) == bool(wrong)


def test_a_relay_that_does_not_let_us_in_is_said():
    _, fault, remedy = asyncio.run(_asked(PLAIN, b"554 no\r\n", []))
    assert fault.startswith("cannot be reached (SMTPConnectError)")
    assert remedy
