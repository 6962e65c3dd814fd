"""Writes the contract down as an AsyncAPI 3.0 document, for those who are not written in Python.

`python -m hub_contract.asyncapi > asyncapi.json`; a test keeps the checked-in file up to date.
https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from hub_contract.events import (
    CallContent,
    CallRang,
    DeliveryContent,
    DeliveryReported,
    EntryAppended,
    Event,
    MessageContent,
    MessageRead,
    MessageReceived,
    MessageRequested,
    ReadContent,
    RequestedContent,
    TransactionChanged,
)
from hub_contract.topics import APPENDED, CHANGED, RANG, READ, RECEIVED, REPORTED, REQUESTED, Topic
from hub_contract.words import Value

Json = dict[str, Any]

VERSION = "1.5.0"  # the contract's own: the second number moves when a field is added
DAY = 24 * 60 * 60 * 1000  # ms


@dataclass(frozen=True, slots=True)
class _Route:
    topic: Topic
    event: type[Event]
    sender: str
    receiver: str


_ROUTES = (
    _Route(RECEIVED, MessageReceived, "every channel", "the conversation store"),
    _Route(READ, MessageRead, "a channel whose documents have pages", "the conversation store"),
    _Route(REPORTED, DeliveryReported, "every channel", "the conversation store"),
    _Route(RANG, CallRang, "a channel that calls come by", "the conversation store"),
    _Route(APPENDED, EntryAppended, "the conversation store", "everyone"),
    _Route(CHANGED, TransactionChanged, "the conversation store", "everyone"),
    *(
        _Route(topic, MessageRequested, "the conversation store", f"channel-{channel}")
        for channel, topic in REQUESTED.items()
    ),
)
_KEYS: dict[type[Event], str] = {
    MessageReceived: "tenant/sender_key: one sender's messages keep their order; a message "
    "without a sender stands for itself under tenant/id",
    MessageRead: "tenant/message_id: what is read of one message keeps its order; it may still "
    "overtake the message",
    MessageRequested: "tenant/conversation_id: answers leave in the order they were written; those "
    "to one recipient from one account, where recipient_key says who it is",
    DeliveryReported: "tenant/message_id: reports on one outbound message keep their order",
    CallRang: "tenant/call_id: what is said of one call keeps its order",
    EntryAppended: "tenant/conversation_id",
    TransactionChanged: "tenant/transaction_id",
}
_OPENED: dict[type[Event], type[Value]] = {
    MessageReceived: MessageContent,
    MessageRead: ReadContent,
    MessageRequested: RequestedContent,
    DeliveryReported: DeliveryContent,
    CallRang: CallContent,
}
_HEADERS: Json = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode. The id is in the body too.",
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "derived from facts"},
        "ce_type": {"type": "string", "description": "the `type` of the body"},
        "ce_source": {"type": "string", "format": "uri-reference"},
        "ce_time": {"type": "string", "format": "date-time", "description": "by our clock"},
        "ce_tenant": {"type": "string"},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C Trace Context; may be missing"},
    },
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_tenant",
        "content-type",
    ],
}


class _Untitled(GenerateJsonSchema):
    """Leave out titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def document() -> Json:
    """Return the whole contract as an AsyncAPI 3.0 document, ready for `json.dumps`."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faden",
            "version": VERSION,
            "description": "One thread through every channel between citizens and their "
            "authority. Nothing personal is readable on the bus: `content` travels sealed. "
            "Consumers ignore fields they do not know; ids are derived from facts, so an event "
            "seen twice has the same id.",
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel_id(route): _channel(route) for route in _ROUTES},
        "operations": dict(_operations()),
        "components": {
            "messages": {route.event.__name__: _message(route.event) for route in _ROUTES},
            "schemas": {"Headers": _HEADERS, **_schemas()},
        },
    }


def to_text() -> str:
    """Return the document as the file that is checked in."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _channel_id(route: _Route) -> str:
    return route.topic.name.removeprefix("faden.")


def _channel(route: _Route) -> Json:
    name = route.event.__name__
    return {
        "address": route.topic.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "kafka": {
                "topic": route.topic.name,
                "partitions": route.topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": route.topic.retention_days * DAY,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> Iterator[tuple[str, Json]]:
    for route in _ROUTES:
        channel = f"#/channels/{_channel_id(route)}"
        for action, who in (("send", route.sender), ("receive", route.receiver)):
            yield (
                f"{action}.{_channel_id(route)}",
                {
                    "action": action,
                    "summary": f"Done by {who}.",
                    "channel": {"$ref": channel},
                    "messages": [{"$ref": f"{channel}/messages/{route.event.__name__}"}],
                },
            )


def _message(event: type[Event]) -> Json:
    return {
        "name": event.model_fields["type"].default,
        "summary": event.__doc__,
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": _KEYS[event]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _schemas() -> Json:
    _, schema = models_json_schema(
        [(event, "serialization") for event in _KEYS],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    schemas: Json = schema["$defs"]
    for event in _KEYS:
        schemas[event.__name__]["required"].insert(0, "type")  # has a default, always travels
    for event, opened in _OPENED.items():
        schemas[event.__name__]["properties"]["content"] = {
            "allOf": [{"$ref": "#/components/schemas/Sealed"}],
            "description": f"Opened, it is a {opened.__name__}.",
        }
    return schemas


if __name__ == "__main__":
    sys.stdout.write(to_text())
