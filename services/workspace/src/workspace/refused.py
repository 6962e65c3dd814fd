"""Says in the reader's language why the store did not do something; its own words are for logs."""

from collections.abc import Callable

from hub_contract.fit import Unfit
from hub_pages.said import mark
from workspace.carries import SAID

# How the store's sentences begin: "contact_point: not confirmed in this conversation; ...".
_WORDS = {
    "text: is too long": SAID[Unfit.TEXT_TOO_LONG],
    "subject": SAID[Unfit.NO_SUBJECT],
    "contact_point": mark("Der Kontaktweg ist nicht bestätigt oder so nicht zu erreichen."),
    "account": mark("Für diesen Weg ist kein Anschluss eingerichtet."),
    "channel": mark(
        "Auf diesem Weg ist hier niemand zu erreichen. Bitte wählen Sie einen anderen."
    ),
    "reference": mark("Zu dieser Vorgangsnummer gibt es kein Gespräch."),
    "attachments": mark("Diese Dateien gehen auf diesem Weg nicht mit."),
    "proposal": mark("Darüber ist schon entschieden."),
    "text": mark("Bitte schreiben Sie zuerst etwas."),
    "entries": mark("Das ist der einzige Eintrag; er hat schon ein eigenes Gespräch."),
    "the entries are": mark("Der Eintrag steht schon in diesem Gespräch."),
    "a later": mark(
        "Danach wurde weiter umgeräumt. Bitte machen Sie das Spätere zuerst rückgängig."
    ),
    "into": mark("Beide gehören zu einem Vorgang. Bitte verschieben Sie einzelne Einträge."),
    "other": mark("Diese Kontaktwege gehören schon zu verschiedenen Personen."),
    "until": mark("Der Zeitpunkt liegt in der Vergangenheit."),
}
_ELSE = mark("Das war so nicht möglich.")


def reason_of(reason: str) -> str:
    """Return the German sentence for what the store said; it is still to be translated."""
    found = (said for begin, said in _WORDS.items() if reason.startswith(begin))
    return next(found, _ELSE)


def refused_word(reason: str, say: Callable[[str], str]) -> str:
    return say(reason_of(reason))
