"""What goes to the broker together, and what is said of a refusal; without a broker."""

from dataclasses import replace

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RequestTimedOutError,
)

from hub_contract.errors import Permanent, Temporary
from hub_contract.topics import to_wire
from hub_kit.bus import Record
from hub_kit.event_log import Row
from hub_kit.hand_on import REQUEST_BYTES, Relay, TooLarge, _some, _wire, send
from hub_kit.kafka import MESSAGE_BYTES

SHARE = REQUEST_BYTES // 4


def row(make, size: int) -> Row:
    return Row(f"1:{size}", replace(to_wire(make(1, 1), "test"), body=b"x" * size))


@pytest.mark.parametrize(
    ("sizes", "together"),
    [
        ([], 0),
        ([1] * 1_000, 1_000),
        ([SHARE] * 4, 4),
        ([SHARE] * 9, 4),
        ([SHARE, REQUEST_BYTES, 1], 1),
        ([REQUEST_BYTES + 1, 1], 1),  # it is set aside, and must be seen for that
    ],
)
def test_no_request_is_larger_than_a_broker_takes(numbered, sizes, together):
    assert len(_some([row(numbered, size) for size in sizes])) == together


class Producer:
    """One of a broker that answers every batch with this."""

    def __init__(self, answer: Exception) -> None:
        self.answer, self.left = answer, True

    async def partitions_for(self, topic):
        return {0}

    def create_batch(self):
        return self

    def append(self, **_):
        self.left = not self.left
        return None if self.left else object()

    def close(self): ...

    async def send_batch(self, batch, topic, partition):
        raise self.answer


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (MessageSizeTooLargeError(), TooLarge),
        (RecordListTooLargeError(), TooLarge),
        (KafkaConnectionError(), Temporary),
        (RequestTimedOutError(), Temporary),
    ],
)
async def test_only_a_size_that_is_never_taken_is_no_reason_to_wait(numbered, answer, means):
    with pytest.raises(means):
        await send(Producer(answer), [row(numbered, 9).wire], 5)


async def test_what_is_larger_than_any_topic_takes_is_not_even_tried_again(numbered):
    event = numbered(1, 1).model_copy(update={"kind": "x" * MESSAGE_BYTES})
    wire = to_wire(event, "test")
    record = Record(wire.topic, wire.key, "1:1", "", wire.body)
    assert replace(_wire(record), source="test") == wire
    with pytest.raises(Permanent, match=r"too large: \d+ bytes"):
        await Relay(None, "127.0.0.1:9")._again(None, [record])
