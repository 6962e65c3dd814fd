"""Writes the settings of a measured hub, as an operator would, and names them to its processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from tests.bench.set_up import Stage

from hub_kit.keys import KeyRing
from local_hub.programs import Program, free_addresses

ADDRESS = "post@musterstadt.example"
HOOK = "/hooks/sms/musterstadt/bench"


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub with its own database, blobs and keys; `ports` of its listeners by name."""

    folder: Path
    dsn: str  # its owner's
    environment: Mapping[str, str]
    store: Program
    email: Program
    hooks: Program
    gateway: Program  # in front of `hooks`
    relay: Program
    ports: Mapping[str, int]


def configure(stage: Stage, dsn: str, *, bus: str = "postgresql", **account: Any) -> Hub:
    """Return a hub of this database; `account` adds settings to its one mailbox."""
    folder = Path(mkdtemp(prefix="hub-", dir=stage.folder))
    KeyRing.create(folder / "keys.json")
    names = ("store", "email", "smtp", "hooks", "gateway", "door", "relay")
    at = dict(zip(names, free_addresses(len(names)), strict=True))
    ports = {name: int(address.rpartition(":")[2]) for name, address in at.items()}
    path = folder / "faden.yaml"
    path.write_text(yaml.safe_dump(_settings(folder, dsn, bus, at, account)), encoding="utf-8")
    return Hub(
        folder,
        dsn,
        {"HUB_CONFIG": f"{path}", "BENCH_PORT": f"{ports['hooks']}"},
        Program("conversation_store", "conversation_store.app", at["store"]),
        Program("channel_email", "channel_email.app", at["email"]),
        Program("hooks", "tests.bench.app_hooks", at["hooks"]),
        Program("gateway", "gateway.app", at["gateway"]),
        Program("relay", "hub_kit.relay", at["relay"]),
        ports,
    )


def _settings(
    folder: Path, dsn: str, bus: str, at: Mapping[str, str], account: Mapping[str, Any]
) -> dict[str, Any]:
    bench = {"channel": "sms", "address": "+4971112301"}
    # Nobody is told to wait here: what is measured is one provider, as fast as it can.
    limits = {"hook": {"times": 1_000_000, "seconds": 1}}
    post = {"channel": "email", "address": ADDRESS, "name": "Stadt Musterstadt", **account}
    return {
        "database": dsn.replace("postgres@", "{role}@", 1),
        "bus": bus,
        "blobs": f"{folder / 'blobs'}",
        "keys_file": f"{folder / 'keys.json'}",
        "tenants": {
            "musterstadt": {
                "name": "Stadt Musterstadt",
                "accounts": {"post": post, "bench": bench},
            }
        },
        "services": {
            "conversation_store": {"http": at["store"]},
            "channel_email": {"http": at["email"], "smtp": at["smtp"]},
            "channel_sms": {"http": at["hooks"]},
            "gateway": {
                "http": at["gateway"],
                "door": at["door"],
                "public": f"http://{at['door']}",
                "limits": limits,
            },
            "relay": {"http": at["relay"]},
        },
    }
