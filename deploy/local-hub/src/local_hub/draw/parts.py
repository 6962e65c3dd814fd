"""Says where a newcomer can play, and as whom, for `faden up` and `faden demo`."""

from collections.abc import Callable, Iterator

from rich.table import Table

from gateway.settings import read_settings
from hub_contract.channels import CHANNEL_TO
from hub_contract.words import ContactKind
from hub_kit.settings import Loaded
from hub_pages.said import mark
from local_hub.draw.threads import sayer
from local_hub.peers.settings import PeersSettings

_ROLES = {
    "agent": mark("{}, Sachbearbeitung"),
    "supervisor": mark("{}, Leitung"),
    "operator": mark("{}, Betrieb"),
}


def draw_parts(loaded: Loaded, language: str) -> Table:
    """Return the table of addresses and people, as this hub has them."""
    say = sayer(language)
    columns = say("Sie sind"), say("Adresse"), say("So geht es")
    table = Table(*columns, title=say("Spielen Sie mit"))
    for row in _rows(loaded, say):
        table.add_row(*row)
    return table


def _rows(loaded: Loaded, say: Callable[[str], str]) -> Iterator[tuple[str, str, str]]:
    door = read_settings(loaded)
    peers = loaded.section("peers", PeersSettings)
    if "/table" in door.routes:
        how = say("links Internetseite und Postfach, rechts das Amt")
        yield say("beide zugleich"), f"{door.public}/table", how
    for tenant, _, _ in loaded.hub.accounts(CHANNEL_TO[ContactKind.PORTAL]):
        name = loaded.hub.tenants[tenant].name
        how = say("ohne Konto: schreiben, Vorgang ansehen, chatten")
        yield say("Bürgerin, {}").format(name), f"{door.public}/{tenant}/", how
    for sub, person in peers.people.items():
        tenant, _, role = (*person.may, "")[0].partition("/")
        if role in _ROLES and tenant in loaded.hub.tenants:
            who = f"{person.name} ({loaded.hub.tenants[tenant].name})"
            how = say("ein Klick auf «{}», kein Passwort").format(sub)
            yield say(_ROLES[role]).format(who), f"{door.public}/desk/", how
