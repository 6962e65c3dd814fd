"""The AsyncAPI document: checked in as it is generated, whole, and true of what travels."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from hub_contract import asyncapi
from hub_contract.events import ConversationEvent, Sealed, SealedKind
from hub_contract.topics import TOPICS, to_json, to_wire, topic_of

CHECKED_IN = Path(__file__).parents[1] / "asyncapi.json"
DOCUMENT = asyncapi.document()
Sample = tuple[str, ConversationEvent]


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from references(one)


def resolve(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def schema_of(message: str) -> Draft7Validator:
    payload = DOCUMENT["components"]["messages"][message]["payload"]
    return Draft7Validator({**payload, "components": DOCUMENT["components"]})


def test_the_checked_in_document_is_up_to_date() -> None:
    assert CHECKED_IN.read_text(encoding="utf-8") == asyncapi.to_text(), (
        "run: python -m hub_contract.asyncapi > services/hub-contract/asyncapi.json"
    )


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 30
    assert all(resolve(reference) for reference in found)


def test_every_topic_is_a_channel_that_is_sent_to_and_received_from() -> None:
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert addresses == {topic.name for topic in TOPICS}
    done = {(o["action"], o["channel"]["$ref"]) for o in DOCUMENT["operations"].values()}
    channels = {f"#/channels/{name}" for name in DOCUMENT["channels"]}
    assert done == {(action, channel) for action in ("send", "receive") for channel in channels}


def test_what_travels_is_what_is_written_down(sealed: Sample) -> None:
    _, event = sealed
    schema_of(type(event).__name__).validate(json.loads(to_json(event)))
    channel = DOCUMENT["channels"][topic_of(event).removeprefix("faden.")]
    assert list(channel["messages"]) == [type(event).__name__]
    headers = {name: value.decode() for name, value in to_wire(event, "/test").headers}
    schema = DOCUMENT["components"]["schemas"]["Headers"]
    Draft7Validator({**schema, "additionalProperties": False}).validate(headers)


def test_an_open_content_is_not_what_is_written_down(opened: Sample) -> None:
    _, event = opened
    assert isinstance(event, SealedKind)
    assert not isinstance(event.content, Sealed)
    assert not schema_of(type(event).__name__).is_valid(json.loads(to_json(event)))
