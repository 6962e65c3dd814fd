"""Finds the configuration and the data of a hub, and the hub that runs there, for every command."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub_kit.settings import ConfigurationError, Loaded

MODEL = Path(__file__).parents[2] / "faden.yaml"  # in a clone; the wheel has none
_RUNNING = "running.json"


@dataclass(frozen=True, slots=True)
class Located:
    """Where a hub lives: its one configuration file and its data folder."""

    config: Path
    data: Path

    @classmethod
    def find(cls, config: Path | None, data: Path) -> "Located":
        """Take the file that is named, else ./faden.yaml, else the model file of the clone."""
        if config is None:
            config = next((p for p in (Path("faden.yaml"), MODEL) if p.exists()), None)
        if config is None:
            raise ConfigurationError("faden.yaml: not found; name the file in HUB_CONFIG")
        return cls(config, data.resolve())

    def read(self) -> Loaded:
        """Read the settings; those of a hub that runs here win over the file's."""
        for name, value in self.running().items():
            os.environ.setdefault(name, value)
        return Loaded.read(Path(os.environ.get("HUB_CONFIG", self.config)))

    def running(self) -> Mapping[str, str]:
        """Return the HUB_ variables of the hub that runs here; empty where none does."""
        try:
            document = json.loads((self.data / _RUNNING).read_text(encoding="utf-8"))
            os.kill(document["pid"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return dict(document["environment"])

    @contextmanager
    def announce(self, environment: Mapping[str, str]) -> Iterator[None]:
        """Let the other commands find this hub while it runs."""
        file = self.data / _RUNNING
        ours = {name: value for name, value in os.environ.items() if name.startswith("HUB_")}
        document = {"pid": os.getpid(), "environment": {**ours, **environment}}
        try:
            file.touch(mode=0o600)  # a DSN may hold a password
            file.write_text(json.dumps(document), encoding="utf-8")
            yield
        finally:
            file.unlink(missing_ok=True)
