"""Runs the relay: the process that hands the event log on to Kafka, and says how far it is."""

from functools import partial

from fastapi import FastAPI

from hub_contract.errors import Temporary
from hub_contract.topics import TOPICS
from hub_kit import event_log, shell
from hub_kit.database import connect, open_pool
from hub_kit.hand_on import NAME, Relay
from hub_kit.keys import KeyRing
from hub_kit.listen import Listen, ListenAddress
from hub_kit.operations import Lane, Operations, SetAside, add_state
from hub_kit.settings import ConfigurationError, Loaded, Section, or_exit
from hub_kit.tokens import Caller

ROLE, SCHEMA = "hub_relay", "hub"


class RelaySettings(Section):
    """`services.relay` of the file."""

    http: ListenAddress = Listen("127.0.0.1", 8009)


def _bootstrap(loaded: Loaded) -> str:
    if not loaded.hub.bus.startswith("kafka://"):
        raise ConfigurationError(
            f"{loaded.path}: bus: {loaded.hub.bus} needs no relay; do not start one"
        )
    return loaded.hub.bus.removeprefix("kafka://")


async def open_app(loaded: Loaded, bootstrap: str, ring: KeyRing) -> FastAPI:
    pool = await open_pool(loaded.hub.database.replace("{role}", ROLE), SCHEMA, size=2)
    relay = Relay(pool, bootstrap)

    async def close() -> None:
        pool.terminate()  # a query may hang; what it was about is sent again from the cursor

    checks = {"database": shell.database_check(pool), "broker": relay.check}
    app = shell.make_app(shell.Parts("relay", {"relay": relay.run}, checks, (close,)))
    aside = SetAside(pool, loaded.hub.tenants.keys())
    return add_state(app, ring, NAME, partial(show, aside, relay), aside)


async def show(aside: SetAside, relay: Relay, caller: Caller) -> Operations:
    """Return how far the broker is behind the log, and what it does not take, for operators."""
    async with connect(aside.pool) as connection:
        dead = await aside.stuck(connection, caller)
        rows = await connection.fetch("select * from cursor where consumer = 'relay'")
        names = [topic.name for topic in TOPICS]
        behind = [await event_log.count_behind(connection, r["position"], names) for r in rows]
    lanes = [
        Lane(consumer="relay", lane=row["lane"], behind=count, moved_at=row["moved_at"])
        for row, count in zip(rows, behind, strict=True)
    ]
    reason = ""
    try:
        await relay.check()
    except Temporary as error:
        reason = str(error)[:200]
    return Operations(service=NAME, bus=reason, lanes=lanes, dead=dead)


def main() -> None:
    loaded = or_exit(Loaded.read)
    bootstrap = or_exit(lambda: _bootstrap(loaded))
    ring = or_exit(lambda: KeyRing.of(loaded.hub, "relay"))
    http = or_exit(lambda: loaded.section("relay", RelaySettings)).http
    app = partial(open_app, loaded, bootstrap, ring)
    shell.run(app, "relay", http.host, http.port, loaded.hub.telemetry)


if __name__ == "__main__":
    main()
