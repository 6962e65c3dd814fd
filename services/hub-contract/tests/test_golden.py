"""Every event ever published parses for ever: the frozen bytes beside what they must mean."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hub_contract.errors import Permanent
from hub_contract.events import CONVERSATION_EVENT, ConversationEvent, SealedKind
from hub_contract.topics import from_wire, to_json, to_wire
from hub_contract.words import Channel

GOLDEN = Path(__file__).parent / "golden"
Samples = dict[str, ConversationEvent]
Sample = tuple[str, ConversationEvent]


def frozen(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def is_part(old: Any, new: Any) -> bool:
    """Say whether `new` says all that `old` says; it may have fields that came later."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and is_part(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(is_part, old, new))
    if isinstance(old, str) and isinstance(new, dict):  # a problem of before there were codes
        return new == {"code": "in_words", "about": old}
    return bool(old == new)


def test_every_file_has_its_row_and_every_row_its_file(samples: Samples) -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(samples)


def test_means_for_ever_what_it_meant(published: Sample) -> None:
    name, event = published
    assert CONVERSATION_EVENT.validate_json(frozen(name)) == event


def test_loses_nothing_when_written_again(published: Sample) -> None:
    name, event = published
    again = to_json(CONVERSATION_EVENT.validate_json(frozen(name)))
    assert is_part(json.loads(frozen(name)), json.loads(again))
    assert CONVERSATION_EVENT.validate_json(again) == event


def test_a_newer_release_may_say_more(published: Sample) -> None:
    name, event = published
    newer = json.loads(frozen(name)) | {"mood": "sunny", "nested": {"deep": [1]}}
    if "content" in newer:
        newer["content"]["tone"] = "friendly"
    assert CONVERSATION_EVENT.validate_json(json.dumps(newer)) == event


def test_travels(sealed: Sample) -> None:
    name, event = sealed
    assert from_wire(frozen(name)) == event
    assert from_wire(to_wire(event, "/test").body) == event


def test_opened_never_travels(opened: Sample) -> None:
    name, event = opened
    with pytest.raises(Permanent, match="would travel unsealed"):
        to_wire(event, "/test")
    with pytest.raises(Permanent, match="content is not sealed"):
        from_wire(frozen(name))


def values(value: Any) -> list[BaseModel]:
    """Return a value and every value within."""
    if isinstance(value, tuple):
        return [deep for one in value for deep in values(one)]
    if not isinstance(value, BaseModel):
        return []
    return [value, *(deep for _, field in value for deep in values(field))]


def test_every_field_ever_published_stands_in_a_sample(samples: Samples) -> None:
    fields, told = set(), set()
    for value in (deep for event in samples.values() for deep in values(event)):
        for name, field in type(value).model_fields.items():
            fields.add((type(value).__name__, name))
            if name == "type" or getattr(value, name) != field.default:
                told.add((type(value).__name__, name))
    assert fields - told == set()


def test_every_channel_has_a_sample_of_each_kind(samples: Samples) -> None:
    kinds = {(e.type, e.channel) for e in samples.values() if isinstance(e, SealedKind)}
    # Of some channels alone.
    some = {
        ("call.rang", Channel.PHONE),
        ("message.read", Channel.FAX),
        ("message.read", Channel.PAPER),
    }
    assert len(kinds - some) == 3 * len(Channel)
    assert some < kinds
