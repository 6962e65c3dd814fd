"""Writes the settings of a measured hub, as an operator would, and names them to its processes."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml
from tests.bench.set_up import Stage

from hub_kit.keys import KeyRing


def configured(stage: Stage, dsn: str, **more: Any) -> dict[str, str]:
    """Return the environment of the services of this database; `more` are other settings."""
    folder = Path(mkdtemp(prefix="hub-", dir=stage.folder))
    KeyRing.create(folder / "keys.json")
    document = {
        "database": dsn.replace("postgres@", "{role}@", 1),
        "blobs": f"{folder / 'blobs'}",
        "keys_file": f"{folder / 'keys.json'}",
        "tenants": {"musterstadt": {"name": "Stadt Musterstadt", "accounts": _ACCOUNTS}},
        **more,
    }
    path = folder / "faden.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return {"HUB_CONFIG": f"{path}", "HUB_LOG_LEVEL": "WARNING"}


_ACCOUNTS = {
    "post": {
        "channel": "email",
        "address": "post@musterstadt.example",
        "name": "Stadt Musterstadt",
    },
}
