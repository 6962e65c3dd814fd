"""Says where a newcomer can play, and as whom, for `faden up` and `faden demo`."""

from collections.abc import Iterator

from rich.table import Table

from gateway.settings import read_settings
from hub_contract.channels import CHANNEL_TO
from hub_contract.words import ContactKind
from hub_kit.settings import Loaded
from local_hub.peers.settings import PeersSettings

_WORDS = {
    "de": {
        "title": "Spielen Sie mit",
        "who": "Sie sind",
        "where": "Adresse",
        "how": "So geht es",
        "all": "beide zugleich",
        "table": "links Internetseite und Postfach, rechts das Amt",
        "citizen": "Bürgerin, {}",
        "form": "ohne Konto: schreiben, Vorgang ansehen, chatten",
        "staff": "ein Klick auf «{}», kein Passwort",
        "agent": "{}, Sachbearbeitung",
        "supervisor": "{}, Leitung",
        "operator": "{}, Betrieb",
    },
    "en": {
        "title": "Parts to play",
        "who": "you are",
        "where": "address",
        "how": "how",
        "all": "both at once",
        "table": "left website and mailbox, right the authority",
        "citizen": "citizen, {}",
        "form": "without an account: write, look up, chat",
        "staff": "one click on «{}», no password",
        "agent": "{}, agent",
        "supervisor": "{}, supervisor",
        "operator": "{}, operator",
    },
}


def draw_parts(loaded: Loaded, language: str) -> Table:
    """Return the table of addresses and people, as this hub has them."""
    words = _WORDS[language]
    table = Table(words["who"], words["where"], words["how"], title=words["title"])
    for row in _rows(loaded, words):
        table.add_row(*row)
    return table


def _rows(loaded: Loaded, words: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    door = read_settings(loaded)
    peers = loaded.section("peers", PeersSettings)
    if "/table" in door.routes:
        yield words["all"], f"{door.public}/table", words["table"]
    for tenant, _, _ in loaded.hub.accounts(CHANNEL_TO[ContactKind.PORTAL]):
        name = loaded.hub.tenants[tenant].name
        yield words["citizen"].format(name), f"{door.public}/{tenant}/", words["form"]
    for sub, person in peers.people.items():
        tenant, _, role = (*person.may, "")[0].partition("/")
        if role in words and tenant in loaded.hub.tenants:
            who = f"{person.name} ({loaded.hub.tenants[tenant].name})"
            how = words["staff"].format(sub)
            yield words[role].format(who), f"{door.public}/desk/", how
