"""Says the words of the contract as people say them: channels, kinds, delivery states, sizes."""

from collections.abc import Callable
from decimal import Decimal

from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from hub_contract.channels import row_of


def mark(text: str) -> str:
    """Mark a sentence for the catalogue; it is translated where it is shown."""
    return text


KINDS = {
    "message": mark("Nachricht"),
    "reply": mark("Antwort"),
    "scan": mark("Eingescannter Brief"),
    "form": mark("Formular"),
    "chat": mark("Chat"),
    "call": mark("Anruf"),
    "voicemail": mark("Sprachnachricht"),
    "note": mark("Notiz"),
    "delivery": mark("Zustellung"),
    "change": mark("Änderung"),
}
DELIVERY = {
    "requested": mark("wird gesendet"),
    "accepted": mark("angenommen"),
    "sent": mark("gesendet"),
    "deferred": mark("verzögert"),
    "delivered": mark("zugestellt"),
    "read": mark("gelesen"),
    "failed": mark("nicht zugestellt"),
    "returned": mark("zurückgekommen"),
    "unknown": mark("Zustellung ungewiss"),
}
TONES = {
    "deferred": "warning",
    "unknown": "warning",
    "failed": "danger",
    "returned": "danger",
    "delivered": "success",
    "read": "success",
}
OTHER = mark("Grund nicht bekannt.")
REASONS = {
    "none": "",
    "address_not_carried": mark(
        "Der Mailserver Ihrer Behörde nimmt keine Adressen mit Umlauten vor dem @ an."
    ),
    "address_unknown": mark("Diese Adresse gibt es nicht."),
    "mailbox_full": mark("Das Postfach ist voll."),
    "mailbox_disabled": mark("Das Postfach ist abgeschaltet."),
    "too_large": mark("Die Nachricht ist zu groß."),
    "refused_as_spam": mark("Die Gegenseite hielt die Nachricht für Werbung."),
    "refused_by_policy": mark("Die Gegenseite nimmt solche Nachrichten nicht an."),
    "sender_rejected": mark(
        "Die Gegenseite erkennt uns als Absender nicht an; die Adresse kann stimmen."
    ),
    "refused_by_recipient": mark("Die Annahme wurde verweigert."),
    "not_collected": mark("Die Sendung wurde nicht abgeholt."),
    "opted_out": mark("Auf diesem Weg ist keine Nachricht mehr erwünscht."),
    "unreachable": mark("Die Gegenseite ist nicht erreichbar."),
    "busy": mark("Die Gegenseite ist besetzt."),
    "no_answer": mark("Niemand hat abgenommen."),
    "line_dropped": mark("Die Verbindung brach ab."),
    "expired": mark("Die Zeit ist abgelaufen."),
    "not_configured": mark("Dieser Weg ist nicht eingerichtet."),
}
_LOCALES = {"de": "de_DE", "en": "en_GB"}


def say_word(table: dict[str, str], word: str, say: Callable[[str], str], rest: str = "") -> str:
    """Return what people call it; a word that is not in the table speaks for itself, or `rest`."""
    text = table.get(word, rest or word)
    return say(text) if text else ""


def say_channel(channel: str, say: Callable[[str], str]) -> str:
    """Return what people call a channel; one that has no row (yet) speaks for itself."""
    row = row_of(channel)
    return say(row.name) if row else channel


def channel_mark(channel: str, say: Callable[[str], str]) -> Markup:
    """Return the mark of a channel: a sign with a border, and its name for who cannot see that."""
    row = row_of(channel)
    return Markup('<span class="hub-channel" data-sign="{}" role="img" title="{}"></span>').format(
        row.sign if row else "··", say_channel(channel, say)
    )


def say_count(number: int, language: str) -> str:
    """Return «1.600», «1,600» for a whole number."""
    return format_decimal(number, locale=_LOCALES[language])


def say_cost(cost: str, language: str) -> str:
    """Return «0,15 €» for «0.15 EUR», with as many places as it needs."""
    amount, _, currency = cost.partition(" ")
    return format_currency(
        Decimal(amount),
        currency,
        "#,##0.00##\xa0¤",
        locale=_LOCALES[language],
        currency_digits=False,
    )


def say_size(size: int, language: str) -> str:
    """Return «340 KB», «2,4 MB» for this many bytes."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} KB"
    return f"{format_decimal(size / 1e6, '0.#', locale=_LOCALES[language])} MB"
