"""Says in the reader's language why the store did not do something; its own words are for logs."""

from collections.abc import Callable

from hub_pages.said import mark

# The store names the field first: "contact_point: not confirmed in this conversation; ...".
_WORDS = {
    "contact_point": mark("Der Kontaktweg ist nicht bestätigt oder so nicht zu erreichen."),
    "account": mark("Für diesen Weg ist kein Anschluss eingerichtet."),
    "channel": mark(
        "Auf diesem Weg ist hier niemand zu erreichen. Bitte wählen Sie einen anderen."
    ),
    "reference": mark("Zu dieser Vorgangsnummer gibt es kein Gespräch."),
    "attachments": mark("Die Anhänge sind zusammen zu groß. Bitte senden Sie weniger auf einmal."),
    "proposal": mark("Darüber ist schon entschieden."),
    "text": mark("Bitte schreiben Sie zuerst etwas."),
    "until": mark("Der Zeitpunkt liegt in der Vergangenheit."),
}
_ELSE = mark("Das war so nicht möglich.")


def reason_of(reason: str) -> str:
    """Return the German sentence for what the store said; it is still to be translated."""
    return _WORDS.get(reason.partition(":")[0], _ELSE)


def refused_word(reason: str, say: Callable[[str], str]) -> str:
    return say(reason_of(reason))
