"""What the tests of this channel share: its ground, its accounts, and a look into the log."""

import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import channel_email
from channel_email.settings import Account, Accounts, EmailAccount
from hub_contract.topics import from_wire
from hub_kit.blobs import read_blob
from hub_kit.ground import Ground
from hub_kit.sealing import open_event
from hub_kit.testing import fresh_database, open_ground

SERVICES = {"channel_email": Path(channel_email.__file__).parent / "migrations"}


@dataclass
class Hub:
    """The channel's ground, and what an owner of the database sees."""

    ground: Ground
    owner: str

    async def kept(self) -> list:
        """Return every event of the log, opened, in order."""
        connection = await asyncpg.connect(self.owner)
        rows = await connection.fetch(
            """select body, wrapped from hub.event_log join hub.message_key on owner = event_id
               order by seq"""
        )
        await connection.close()
        ring = self.ground.ring
        sealed = [(from_wire(row["body"]), row["wrapped"]) for row in rows]
        return [open_event(event, ring.unwrap(wrapped, event.id)) for event, wrapped in sealed]

    async def original(self, event) -> bytes:
        wrapped = await self.ask("select wrapped from hub.message_key where owner = $1", event.id)
        key = self.ground.ring.unwrap(wrapped, event.id)
        return await read_blob(self.ground.blobs, event.original, key)

    async def count(self) -> int:
        return await self.ask("select count(*) from hub.event_log")

    async def ask(self, query: str, *arguments):
        connection = await asyncpg.connect(self.owner)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def shut_out(self) -> None:
        """Take the database away from the service, as a restart or a full server does."""
        await self._allow("0")
        await self.ask(
            """select count(pg_terminate_backend(pid)) from pg_stat_activity
               where usename = 'channel_email' and datname = current_database()"""
        )

    async def let_in(self) -> None:
        await self._allow("-1")

    async def _allow(self, connections: str) -> None:
        name = await self.ask("select current_database()")
        await self.ask(f'alter database "{name}" connection limit {connections}')


@pytest.fixture
async def hub(cluster, tmp_path) -> AsyncIterator[Hub]:
    async with (
        fresh_database(cluster, SERVICES) as dsn,
        open_ground("channel_email", dsn, tmp_path) as ground,
    ):
        yield Hub(ground, dsn)


@pytest.fixture
def accounts() -> Accounts:
    """Two tenants, three accounts."""
    plain = {
        ("musterstadt", "post"): EmailAccount(
            address="post@musterstadt.example", aliases=("Rathaus@musterstadt.example",)
        ),
        ("musterstadt", "bauamt"): EmailAccount(address="bauamt@musterstadt.example"),
        ("kleindorf", "post"): EmailAccount(address="post@kleindorf.example"),
    }
    return Accounts(
        Account(tenant, name, "Stadt Musterstadt", one) for (tenant, name), one in plain.items()
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
