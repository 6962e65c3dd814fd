"""`faden check`: is the configuration right, and can everything be reached that it names?

Every fault is one line with file, key and remedy. Each start makes the same checks of the file.
"""

import asyncio
import uuid
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
from aioclamd import ClamdError

from gateway.identify import Provider
from gateway.lack import read_lack
from gateway.settings import read_settings as read_gateway
from hub_contract.errors import Permanent, Temporary
from hub_kit.about import Peer, about, names
from hub_kit.blobs import open_blobs
from hub_kit.database import AWAY
from hub_kit.handles import ENOUGH, raise_handles
from hub_kit.keys import KeyRing
from hub_kit.listen import HostPort
from hub_kit.scan_files import Clamd
from hub_kit.settings import ConfigurationError, Loaded
from hub_kit.signers import GATEWAY
from hub_pages.face.read import folders, look_at_faces
from local_hub.carries import ask_carrier
from local_hub.peers.settings import PeersSettings

MORE = ("relay", "kafka", "keycloak", "peers")  # sections of the file that are no services
WITHIN = 20  # seconds for each connection
_CLAIM_REMEDY = "let the provider put it into the ID token or UserInfo, or correct claim"


@dataclass(frozen=True, slots=True)
class Finding:
    """`fault` is empty where all is well."""

    key: str
    value: str
    fault: str = ""
    remedy: str = ""

    def line(self, loaded: Loaded) -> str:
        return f"{loaded.path}: {self.key}: {self.fault}; {self.remedy}"


def check_configuration(loaded: Loaded) -> list[Finding]:
    """Check every section as its service will; `ConfigurationError` for the first mistake."""
    for name in names():
        about(name).read(loaded)
    loaded.section("peers", PeersSettings)
    known = (*names(), *MORE)
    for name in loaded.hub.services:
        if name not in known:
            raise ConfigurationError(
                f"{loaded.path}: services.{name}: no such service; write one of {', '.join(known)}"
            )
    addresses = sum(len(tenant.accounts) for tenant in loaded.hub.tenants.values())
    return [
        Finding("tenants", f"{len(loaded.hub.tenants)}, with {addresses} accounts"),
        Finding("services", ", ".join(loaded.hub.services)),
        *check_accounts(loaded),
        *check_handles(raise_handles()),
    ]


def check_faces(loaded: Loaded) -> list[Finding]:
    """Say all that is wrong with the faces of the tenants, at once."""
    found = []
    for tenant, (face, faults) in look_at_faces(loaded).items():
        key, value = f"tenants.{tenant}.face", str(folders(loaded)[tenant])
        shades = f", {face.colours.light} and {face.colours.dark}" if face.colours else ""
        found += [
            Finding(key, value, f"{value}/{one.place}: {one.fault}", one.remedy) for one in faults
        ] or [Finding(key, value + shades)]
    return found


def check_accounts(loaded: Loaded) -> list[Finding]:
    """Say what is set for the accounts, but will not work."""
    lacks = (lack for name in names() for lack in about(name).lacks(loaded))
    return [Finding(one.key, one.value, one.fault, one.remedy) for one in lacks]


def check_handles(number: int) -> list[Finding]:
    """Say where there are few: every connection takes one or two, and a service all it may have."""
    if number >= ENOUGH:
        return []
    fault = f"few people at a time find a place (fewer than {ENOUGH})"
    remedy = "raise it: LimitNOFILE= of the unit, `ulimit -n`, or --ulimit nofile"
    return [Finding("file handles", str(number), fault, remedy)]


async def check_connections(loaded: Loaded) -> list[Finding]:
    """Try everything that the file names, all at once."""
    checks: list[Awaitable[Finding]] = [_keys(loaded), _blobs(loaded), _bus(loaded)]
    checks += [_database(loaded, role) for role in names()]
    checks += [_peer(peer) for name in names() for peer in about(name).peers(loaded)]
    checks.append(_identity(loaded))
    checks += [_scanner(loaded.hub.clamd)] if loaded.hub.clamd else []
    return list(await asyncio.gather(*checks))


async def _keys(loaded: Loaded) -> Finding:
    value = str(loaded.hub.keys_file)
    try:
        ring = KeyRing.of(loaded.hub, GATEWAY)
    except ConfigurationError as error:
        fault, _, remedy = str(error).rpartition("; ")
        return Finding("keys_file", value, fault.removeprefix(f"{value}: keys_file: "), remedy)
    return Finding("keys_file", f"{value}, {len(ring.wrapping)} wrapping keys")


async def _blobs(loaded: Loaded) -> Finding:
    value, name = loaded.hub.blobs, f"check/{uuid.uuid4()}"
    blobs = open_blobs(value)
    try:
        await blobs.put_all({name: b"check"})
        await blobs.delete_all([name])
    except (Temporary, OSError) as error:
        return Finding("blobs", value, str(error), "make it writable, or name another place")
    return Finding("blobs", value)


async def _scanner(peer: HostPort) -> Finding:
    try:
        return Finding("clamd", f"{peer}, {await Clamd(peer, patience=WITHIN).version()}")
    except (ClamdError, TimeoutError, OSError) as error:
        remedy = "start it with TCPSocket in clamd.conf, or correct host and port"
        return Finding("clamd", str(peer), f"does not answer ({type(error).__name__})", remedy)


async def _bus(loaded: Loaded) -> Finding:
    if loaded.hub.bus == "postgresql":
        return Finding("bus", "postgresql")
    for broker in loaded.hub.bus.removeprefix("kafka://").split(","):
        host, _, port = broker.rpartition(":")
        if fault := await _connect(host or broker, int(port) if port.isdecimal() else 9092):
            return Finding("bus", loaded.hub.bus, f"{broker} {fault}", "start it, or correct it")
    return Finding("bus", loaded.hub.bus)


async def _database(loaded: Loaded, role: str) -> Finding:
    try:
        connection = await asyncpg.connect(_dsn(loaded, role), timeout=WITHIN)
        try:
            ready = await connection.fetchval(
                "select has_schema_privilege(oid, 'usage') from pg_namespace where nspname = $1",
                role,
            )
        finally:
            await connection.close()
    except (*AWAY, asyncpg.PostgresError, ValueError) as error:
        fault = f"{role} cannot connect ({type(error).__name__})"
        return Finding("database", role, fault, "start it, or correct the DSN")
    if not ready:
        return Finding("database", role, f"{role} has no schema yet", "run `faden migrate`")
    return Finding("database", role)


def _dsn(loaded: Loaded, role: str) -> str:
    return loaded.hub.database.replace("{role}", role)


async def _identity(loaded: Loaded) -> Finding:
    """Ask the log-in provider what it says of itself, as the gateway will."""
    key, oidc = "services.gateway.oidc", read_gateway(loaded).oidc
    if oidc is None:
        return Finding(key, "none", "nobody can log in", "name a provider of OpenID Connect")
    provider = Provider(oidc, "")
    try:
        ends = bool(await provider.end_session_endpoint())
    except (Temporary, Permanent) as error:
        return Finding(key, oidc.issuer, str(error), "start it, or correct issuer")
    finally:
        await provider.close()
    if fault := await _lack(loaded, oidc.claim):
        return Finding(f"{key}.claim", oidc.claim, fault, _CLAIM_REMEDY)
    return Finding(key, oidc.issuer if ends else f"{oidc.issuer}, has no log-out of its own")


async def _lack(loaded: Loaded, claim: str) -> str:
    """Return what the last log-in brought instead of this claim, by names alone."""
    with suppress(*AWAY, asyncpg.PostgresError, ValueError):  # `_database` says what is wrong
        connection = await asyncpg.connect(_dsn(loaded, "gateway"), timeout=WITHIN)
        try:
            return await read_lack(connection, claim)
        finally:
            await connection.close()
    return ""


async def _peer(peer: Peer) -> Finding:
    where = f"{peer.host}:{peer.port}"
    if peer.carries:
        missed, fault, remedy = await ask_carrier(peer, peer.carries, WITHIN)
        return Finding(peer.key, ", ".join((where, *missed)), fault, remedy)
    fault = await _connect(peer.host, peer.port)
    return Finding(peer.key, where, fault, "start it, or correct host and port" if fault else "")


async def _connect(host: str, port: int) -> str:
    """Return why there is no connection; empty if there is one."""
    try:
        async with asyncio.timeout(WITHIN):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"does not answer within {WITHIN} s"
    except OSError as error:
        return f"cannot be reached ({type(error).__name__})"
    writer.close()
    return ""
