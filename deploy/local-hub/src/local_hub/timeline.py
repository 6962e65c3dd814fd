"""`faden timeline`: a conversation of the running hub in the terminal, or the newest ones."""

import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass

from rich.console import Console

from hub_contract.references import normalise_reference
from hub_contract.words import ContactKind
from hub_kit.keys import KeyRing
from hub_kit.settings import ConfigurationError, Loaded
from hub_kit.signers import GATEWAY
from hub_pages.language import LANGUAGES
from local_hub.ask import Json, Store
from local_hub.draw.threads import Paper, draw_list, draw_timeline
from local_hub.programs import listeners_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """`what` is a reference, an address, or empty for the newest conversations."""

    what: str = ""
    tenant: str = ""
    language: str = "en"
    as_json: bool = False


def show_timeline(loaded: Loaded, console: Console, wanted: Wanted) -> None:
    """Print what is wanted, tenant by tenant; nothing crosses from one to the other."""
    if wanted.language not in LANGUAGES:
        raise ConfigurationError(f"--language: {wanted.language} is not known; write de or en")
    if wanted.tenant and wanted.tenant not in loaded.hub.tenants:
        known = ", ".join(loaded.hub.tenants)
        raise ConfigurationError(f"--tenant: {wanted.tenant} is not known; write one of {known}")
    tenants = [wanted.tenant] if wanted.tenant else list(loaded.hub.tenants)
    found = asyncio.run(_ask(loaded, tenants, wanted))
    if wanted.as_json:
        json.dump(found, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return
    paper = Paper(console.width, wanted.language)
    for tenant, conversations in found.items():
        _draw(console, loaded.hub.tenants[tenant].name, conversations, wanted, paper)
    if not any(found.values()):
        console.print("Nothing found.")


async def _ask(loaded: Loaded, tenants: list[str], wanted: Wanted) -> dict[str, list[Json]]:
    door = listeners_of(loaded, loaded.hub.bus)["services.conversation_store.http"]
    ring = KeyRing.of(loaded.hub, GATEWAY)
    found = {}
    for tenant in tenants:
        async with aclosing(Store(door, ring, tenant)) as store:
            found[tenant] = await _of_tenant(store, wanted.what)
    return found


async def _of_tenant(store: Store, what: str) -> list[Json]:
    """Return conversations; those that were looked for with their entries."""
    if not what:
        return await store.conversations()
    if normalise_reference(what):
        found = await store.search({"reference": what})
    else:
        kind = ContactKind.EMAIL if "@" in what else ContactKind.PHONE
        found = await store.search({"address": {"kind": kind, "value": what}})
    return [{**one, "timeline": await store.entries(one["id"])} for one in found]


def _draw(
    console: Console, name: str, conversations: list[Json], wanted: Wanted, paper: Paper
) -> None:
    if conversations and not wanted.what:
        console.print(draw_list(conversations, name, paper))
    for one in conversations if wanted.what else ():
        title = f"{name} · {paper.say('Vorgangsnummer')} {one['reference']}"
        console.print(draw_timeline(one["timeline"], title, name, paper))
