"""What runs is what the workspace, the model file and the folders name: nothing more or less."""

import socket
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from hub_kit.settings import ConfigurationError, Loaded
from local_hub.locate import MODEL
from local_hub.programs import READERS, SERVICES, check_ports, elsewhere, listeners_of, migrations
from local_hub.programs import programs_of as programs

ROOT = Path(__file__).parents[3]


@pytest.fixture
def loaded():
    return Loaded.read(MODEL)


def test_every_service_of_the_workspace_runs():
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    members = workspace["tool"]["uv"]["workspace"]["members"]
    with_app = {path.parent.name for m in members for path in (ROOT / m / "src").glob("*/app.py")}
    assert with_app == set(SERVICES)


def test_every_program_can_be_started(loaded):
    found = {program.name: program.module for program in programs(loaded, "kafka")}
    assert set(found) == {*SERVICES, "relay", "peers"}
    assert all(find_spec(module) for module in found.values())
    assert find_spec("local_hub.peers.__main__")
    assert "relay" not in {program.name for program in programs(loaded, "postgresql")}


def test_every_service_has_migrations_and_a_section(loaded):
    assert all(list(folder.glob("*.py")) for folder in migrations().values())
    assert set(SERVICES) <= set(loaded.hub.services)


def test_readers_are_those_who_may_set_aside():
    tables = {
        name: "".join(f.read_text("utf-8") for f in folder.glob("*.py"))
        for name, folder in migrations().items()
    }
    assert {name for name, text in tables.items() if "READER" in text or "CHANNEL" in text} == set(
        READERS
    )


def test_no_two_listeners_are_alike(loaded):
    addresses = list(listeners_of(loaded, "kafka").values())
    assert len(set(addresses)) == len(addresses) > len(SERVICES)


def test_elsewhere_moves_every_listener(loaded, monkeypatch):
    before = listeners_of(loaded, "kafka")
    moved = elsewhere(loaded, "kafka")
    for name, value in moved.items():
        monkeypatch.setenv(name, value)
    after = listeners_of(loaded, "kafka")
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert moved["HUB_PEERS_HUB"] == after["services.channel_email.smtp"]


def test_a_port_in_use_is_said_with_its_key(loaded, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for name, value in elsewhere(loaded, "postgresql").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HUB_CHANNEL_EMAIL_LMTP", address)
        with pytest.raises(ConfigurationError) as said:
            check_ports(loaded, "postgresql")
    key = f"{MODEL}: services.channel_email.lmtp: {address}: "
    assert str(said.value).startswith(key)
    assert "stop what uses it" in str(said.value)
