"""A batch of events becomes entries: in order, once, threads inside the batch included."""


async def test_first_light(world):
    [first] = await world.take_in(world.mail(text="Hallo"))
    assert first["rule"] == 5
    [second] = await world.take_in(world.mail(answers=("<1@example.org>",)))
    assert second["rule"] == 1
    assert second["place"] == 2
