"""The end of the demo: one citizen, one timeline, all six channels, in and out."""

from collections.abc import Iterable, Mapping

from local_hub.ask import Json, Store, World
from local_hub.demo import mails
from local_hub.demo.mails import AGENTS_PHONE, HANNELORES_FAX, HANNELORES_PHONE, TOWN_FAX, TOWN_SMS

# How far each way's peer can say that an answer got: nobody signs for a letter or at a page.
RIGHT: Mapping[str, frozenset[str]] = {
    "email": frozenset({"delivered"}),
    "sms": frozenset({"delivered"}),
    "fax": frozenset({"delivered"}),
    "paper": frozenset({"sent"}),
    "web": frozenset({"delivered", "read"}),
    "phone": frozenset({"delivered"}),
}
_WRITTEN = ("sms", "fax", "paper", "web")  # by mail she has her answer, by telephone she gets one


async def write_by_the_others(world: World, reference: str) -> None:
    """Send an SMS, a fax and a letter, each with her reference."""
    words = f"Zu Vorgang {reference}"
    await world.text(HANNELORES_PHONE, TOWN_SMS, f"{words}: {mails.BY_SMS}")
    await world.fax(HANNELORES_FAX, TOWN_FAX, f"{words}\n\n{mails.ON_PAPER}")
    await world.post_letter(f"{words}\n\n{mails.ON_PAPER}")


def channels(entries: Iterable[Json], direction: str) -> set[str]:
    """Return the channels by which something went in this direction."""
    return {one["channel"] for one in entries if one["direction"] == direction}


async def answer_by_each(store: Store, conversation: str) -> None:
    """Confirm that all of it came from her, say where letters go, and answer on each way."""
    await store.add_address(conversation, mails.HANNELORES_ADDRESS)
    for point in (await store.conversation(conversation))["contact_points"]:
        if not point["verified"]:
            await store.confirm(conversation, point["id"])
    ways = {one["channel"]: one for one in await store.ways(conversation) if one["offered"]}
    for channel in _WRITTEN:
        if way := ways.get(channel):
            await store.reply(conversation, mails.DONE, f"demo-{channel}", way)


async def ring_back(store: Store, conversation: str) -> None:
    """Have the agent's telephone ring."""
    for wish in (await store.conversation(conversation))["callbacks"]:
        await store.ring(wish["id"], AGENTS_PHONE)


async def talk(world: World) -> bool:
    """Go on with the call at both telephones; say whether it is over."""
    for call in await world.ringing(AGENTS_PHONE):
        does = "answer" if call["state"] == "ringing" else "key" if call["waits"] else ""
        if does:
            await world.act_at(AGENTS_PHONE, call, does)
        if call["state"] == "over":
            return True
    for call in await world.ringing(HANNELORES_PHONE):
        await world.act_at(
            HANNELORES_PHONE, call, "answer" if call["state"] == "ringing" else "hang_up"
        )
    return False


def reached(entries: Iterable[Json]) -> set[str]:
    """Return the channels on which an answer got as far as its peer can say."""
    answers = [one for one in entries if one["direction"] == "out" and one.get("delivery")]
    return {
        one["channel"]
        for one in answers
        if one["delivery"]["status"] in RIGHT.get(one["channel"], frozenset())
    }
