"""Operators see every service of the file: where each lies, its own section says."""

import json

import pytest

from hub_kit.settings import ConfigurationError, Loaded
from workspace.settings import SERVICE, read

SECTIONS = {
    "conversation_store": {"http": "127.0.0.1:8010"},
    "channel_email": {"http": "0.0.0.0:8011"},
    "gateway": {},
    "peers": {"http": "127.0.0.1:8090"},
}


@pytest.fixture
def load(tmp_path):
    def loaded(bus: str = "postgresql", desk=None, **sections) -> Loaded:
        document = {
            "database": "postgresql://{role}@/faden",
            "blobs": "blobs",
            "keys_file": "keys.json",
            "bus": bus,
            "services": {**SECTIONS, SERVICE: desk or {}, **sections},
        }
        path = tmp_path / "faden.yaml"
        path.write_text(json.dumps(document))
        return Loaded.read(path)

    return loaded


def test_each_lies_where_its_section_says(load):
    assert read(load()).operations == {
        "channel_email": "http://127.0.0.1:8011",
        "conversation_store": "http://127.0.0.1:8010",
    }


def test_one_that_lies_elsewhere_is_named(load, monkeypatch):
    monkeypatch.setenv("HUB_CONVERSATION_STORE_HTTP", "127.0.0.1:9010")
    desk = {"operations": {"channel_email": "http://10.0.0.7:8011"}}
    assert read(load(desk=desk)).operations == {
        "channel_email": "http://10.0.0.7:8011",
        "conversation_store": "http://127.0.0.1:9010",
    }


def test_the_relay_is_there_where_the_bus_is_kafka(load):
    sections = {"relay": {"http": "127.0.0.1:8009"}}
    assert "relay" not in read(load(**sections)).operations
    kafka = read(load("kafka://127.0.0.1:9092", **sections))
    assert kafka.operations["relay"] == "http://127.0.0.1:8009"


@pytest.mark.parametrize(
    ("bus", "sections", "says"),
    [
        ("postgresql", {"channel_email": {}}, "services.channel_email.http: not written"),
        ("postgresql", {"channel_email": {"http": "8011"}}, "services.channel_email.http: write"),
        ("kafka://127.0.0.1:9092", {}, "services.relay.http: not written"),
    ],
)
def test_none_is_left_out_in_silence(load, bus, sections, says):
    with pytest.raises(ConfigurationError) as said:
        read(load(bus, **sections))
    assert says in str(said.value)
    assert "\n" not in str(said.value)
