"""The words of the timeline in the terminal, German and English, for people in an authority."""

from functools import cache
from typing import Any

from hub_pages.language import OWN, read_words
from hub_pages.said import say_channel

LANGUAGES = ("de", "en")
_WORDS = {
    "when": ("Wann", "When"),
    "who": ("Wer", "Who"),
    "channel": ("Kanal", "Channel"),
    "what": ("Was", "What"),
    "delivery": ("Zustellung", "Delivery"),
    "why": ("Warum hier", "Why here"),
    "conversation": ("Gespräch", "Conversation"),
    "reference": ("Vorgangsnummer", "Reference"),
    "last": ("Zuletzt", "Last"),
    "entries": ("Einträge", "Entries"),
    "visitor": ("(ohne Namen)", "(no name)"),
    "nothing": ("Nichts gefunden.", "Nothing found."),
    "erased": ("(Inhalt gelöscht)", "(content erased)"),
    "unreadable": ("(nicht lesbar; Original liegt bei)", "(not readable; the original is kept)"),
    "automatic": ("automatisch", "automatic"),
    "more": ("(gekürzt)", "(shortened)"),
    # Delivery words and reasons, as the contract has them.
    "requested": ("beauftragt", "requested"),
    "accepted": ("angenommen", "accepted"),
    "sent": ("gesendet", "sent"),
    "deferred": ("verzögert", "deferred"),
    "delivered": ("zugestellt", "delivered"),
    "read": ("gelesen", "read"),
    "failed": ("nicht zustellbar", "failed"),
    "returned": ("zurückgekommen", "returned"),
    "unknown": ("ungewiss", "unknown"),
    "address_unknown": ("Adresse unbekannt", "address unknown"),
    "mailbox_full": ("Postfach voll", "mailbox full"),
    "mailbox_disabled": ("Postfach gesperrt", "mailbox disabled"),
    "too_large": ("zu groß", "too large"),
    "refused_as_spam": ("als Spam abgewiesen", "refused as spam"),
    "refused_by_policy": ("durch Regel abgewiesen", "refused by policy"),
    "refused_by_recipient": ("Annahme verweigert", "refused by recipient"),
    "not_collected": ("nicht abgeholt", "not collected"),
    "opted_out": ("abbestellt", "opted out"),
    "unreachable": ("nicht erreichbar", "unreachable"),
    "busy": ("besetzt", "busy"),
    "no_answer": ("keine Antwort", "no answer"),
    "line_dropped": ("Verbindung abgebrochen", "line dropped"),
    "expired": ("Frist abgelaufen", "expired"),
    "not_configured": ("nicht eingerichtet", "not configured"),
    "other": ("anderer Grund", "other reason"),
}


def say(word: str, language: str = "de") -> str:
    """Return the word in this language; a word nobody translated speaks for itself."""
    return _WORDS.get(word, (word, word))[LANGUAGES.index(language)]


def name_channel(channel: str, language: str = "de") -> str:
    """Return what people call a channel, as pages do."""
    return say_channel(channel, _pages(language).gettext)


_pages = cache(lambda language: read_words(language, [OWN]))


def say_delivery(delivery: dict[str, Any] | None, language: str) -> str:
    """Return how far a message got, and why not further: `nicht zustellbar: Adresse unbekannt`."""
    if not delivery:
        return ""
    parts = [delivery["status"], delivery.get("reason", "")]
    return ": ".join(say(part, language) for part in parts if part)
