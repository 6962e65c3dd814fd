"""Makes what the processes stand on: key ring, database, migrations, and Kafka where wanted."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from hub_contract.errors import Permanent
from hub_kit.database import AWAY
from hub_kit.embedded import open_postgresql
from hub_kit.keys import KeyRing, beside
from hub_kit.settings import ConfigurationError
from hub_kit.signers import make_pairs
from local_hub.interrupt import put_off
from local_hub.keep import Stand
from local_hub.locate import Located
from local_hub.peers.faxes.call import public_key
from local_hub.peers.settings import PRETEND_KEY, PRETEND_TOKEN, PeersSettings
from local_hub.programs import migrations

if TYPE_CHECKING:
    from local_hub.kafka import Broker

DATABASE = "faden"
_OURS = ".faden/"  # where the model file has what `faden up` keeps
Say = Callable[[str], None]  # told what is done next, before it is done


class Prepared(dict[str, str]):
    """The HUB_ variables that lead services to what they stand on, and that: `stands`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self.stands: list[Stand] = []


@contextmanager
def prepare(
    located: Located, bus: str, say: Say, *, kafka_port: int | None = None
) -> Iterator[Prepared]:
    """Start what the services need; yield what leads them there."""
    located.data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        environment = Prepared(
            {
                "HUB_CONFIG": str(located.config.resolve()),
                "HUB_BLOBS": str(located.data / "blobs"),
                "HUB_KEYS_FILE": str(_keys(located)),
                "HUB_TOKEN_KEYS": str(beside(located.data / "keys.json")),
                "HUB_PEERS_FOLDER": str(located.data / "peers"),
                **_carrier(located),
                **_folders(located),
                "HUB_BUS": bus,
                "HUB_SPACE__FOLDERS": json.dumps([str(located.data)]),
            }
        )
        say("Starting PostgreSQL")
        with put_off():
            server = stack.enter_context(open_postgresql(located.data / "postgresql"))
        environment.stands.append(server)
        say("Migrating the database")
        environment["HUB_DATABASE"] = asyncio.run(make_database(server.dsn, say))
        if bus == "kafka":
            say("Starting Apache Kafka")
            broker = stack.enter_context(_kafka(located, kafka_port))
            environment.stands.append(broker)
            environment["HUB_BUS"] = f"kafka://{broker.bootstrap}"
        yield environment


def _keys(located: Located) -> object:
    path = located.data / "keys.json"
    if not path.exists():
        KeyRing.create(path)
    make_pairs(beside(path))  # an earlier release had none
    KeyRing.read(path)
    return path


def _carrier(located: Located) -> dict[str, str]:
    """Lead the pretend carrier, and the accounts that are at it, to the token they share."""
    path = located.data / "carrier.token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16), encoding="utf-8")
    public = located.data / "fax.key"
    public.write_text(public_key(path.read_text(encoding="utf-8")), encoding="utf-8")
    of_services = ("HUB_PEERS_CARRIER_TOKEN_FILE", "HUB_CHANNEL_FAX_HYLAFAX__SECRET_FILE")
    led = dict.fromkeys(of_services, str(path))
    for tenant, section in located.read().hub.tenants.items():
        for name, account in section.accounts.items():
            for key, said in (account.model_extra or {}).items():
                if found := {PRETEND_TOKEN: path, PRETEND_KEY: public}.get(str(said)):
                    led[f"HUB_TENANTS__{tenant}__ACCOUNTS__{name}__{key}".upper()] = str(found)
    return led


def _folders(located: Located) -> dict[str, str]:
    """Lead scanners, printers and their services to folders among the data of this hub."""
    found = {}
    loaded = located.read()
    for tenant, section in loaded.hub.tenants.items():
        for name, account in section.accounts.items():
            for key in ("folder", "print_folder"):
                written = str((account.model_extra or {}).get(key, ""))
                variable = f"HUB_TENANTS__{tenant}__ACCOUNTS__{name}__{key}".upper()
                found[variable] = written
    peers = loaded.section("peers", PeersSettings)
    found["HUB_PEERS_LETTERBOX__FOLDER"] = str(peers.letterbox.folder)
    found["HUB_PEERS_POST__PRINT_ROOM"] = str(peers.post.print_room)
    found["HUB_CHANNEL_PAPER_SFTP_HOST_KEY"] = f"{_OURS}sftp_host_key"
    return {
        variable: str(located.data / written.removeprefix(_OURS))
        for variable, written in found.items()
        if written.startswith(_OURS)
    }


async def make_database(owner: str, say: Say) -> str:
    """Make and migrate the hub's database; return its DSN with `{role}` in it."""
    connection = await asyncpg.connect(owner)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
            await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()
    await migrate_database(in_database(owner, DATABASE), say)
    return in_database(owner, DATABASE, "{role}")


async def migrate_database(owner: str, say: Say) -> None:
    """Bring the database of this owner's DSN up to date; `ConfigurationError` if that fails."""
    from hub_kit.migrate import migrate

    if not owner.startswith("postgresql://"):
        raise ConfigurationError("--owner: no DSN; write postgresql://user@host/database")
    try:
        await migrate(owner, migrations(), say)
    except Permanent as error:
        raise ConfigurationError(str(error)) from None
    except (*AWAY, asyncpg.InvalidCatalogNameError) as error:
        remedy = "start it, or correct the DSN"
        raise ConfigurationError(f"--owner: {type(error).__name__}; {remedy}") from None


def in_database(dsn: str, database: str, role: str = "") -> str:
    """Return the DSN of another database of the same server, as the same user or as `role`."""
    parts = urlsplit(dsn)
    netloc = f"{role}@{parts.netloc.rpartition('@')[2]}" if role else parts.netloc
    return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))


@contextmanager
def _kafka(located: Located, port: int | None) -> Iterator["Broker"]:
    from local_hub.kafka import KafkaSettings, ensure_topics, open_kafka

    port = port or located.read().section("kafka", KafkaSettings).port
    with open_kafka(located.data / "kafka", port) as broker:
        asyncio.run(ensure_topics(broker.bootstrap))
        yield broker
