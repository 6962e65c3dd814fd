"""What every bus must do; each test runs on both."""

import asyncio


async def test_order_holds_per_key(harness):
    conversations = range(1, 41)

    async def write(conversation: int) -> None:
        for place in range(1, 26):
            await harness.append([harness.event(conversation, place)])

    async with harness.reading():
        await asyncio.gather(*(write(c) for c in conversations))
        await harness.until(1000)
    order = await harness.in_order()
    assert len(order) == 40
    assert all(places == list(range(1, 26)) for places in order.values())
