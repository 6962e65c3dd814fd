"""Hears what arrives on the bus and hands it to `append`, batch by batch."""

from conversation_store.append.batch import Append
from conversation_store.settings import SERVICE
from hub_contract.topics import RANG, READ, RECEIVED, REPORTED
from hub_kit.consume import Consumer
from hub_kit.ground import Ground

TOPICS = (RECEIVED.name, READ.name, REPORTED.name, RANG.name)


def listen(ground: Ground, append: Append) -> Consumer:
    """Return the store's one reader of the bus."""
    return Consumer(name=SERVICE, topics=TOPICS, bus=ground.bus, pool=ground.pool, handle=append)
