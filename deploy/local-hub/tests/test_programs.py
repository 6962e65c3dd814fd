"""What runs is what the workspace, the model file and the folders name: nothing more or less."""

import socket
from importlib.util import find_spec

import pytest

from hub_kit.about import names
from hub_kit.settings import ConfigurationError, Loaded
from local_hub.locate import MODEL
from local_hub.programs import check_ports, elsewhere, listeners_of, migrations
from local_hub.programs import programs_of as programs


@pytest.fixture
def loaded():
    return Loaded.read(MODEL)


def test_every_program_can_be_started(loaded):
    found = {program.name: program.module for program in programs(loaded, "kafka")}
    assert set(found) == {*names(), "relay", "peers"}
    assert all(find_spec(module) for module in found.values())
    assert find_spec("local_hub.peers.__main__")
    assert "relay" not in {program.name for program in programs(loaded, "postgresql")}


def test_every_service_has_migrations_and_a_section(loaded):
    assert all(list(folder.glob("*.py")) for folder in migrations().values())
    assert set(names()) <= set(loaded.hub.services)


def test_no_two_listeners_are_alike(loaded):
    addresses = list(listeners_of(loaded, "kafka").values())
    assert len(set(addresses)) == len(addresses) > len(names())


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
