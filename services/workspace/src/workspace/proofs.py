"""Says what was checked about a message, as badges and as sentences an agent understands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub_contract.channels import is_address, row_of
from hub_pages.called import say_call
from hub_pages.said import mark, say_channel

Say = Callable[[str], str]
# (kind, result) -> (tone, badge); what is not here says nothing on the line, all stands inside.
_BADGES = {
    ("dmarc", "pass"): ("success", mark("Absender geprüft")),
    ("dmarc", "fail"): ("danger", mark("Absender zweifelhaft")),
    ("signature", "pass"): ("success", mark("signiert")),
    ("signature", "fail"): ("danger", mark("Signatur ungültig")),
    ("signature", "unchecked"): ("plain", mark("Signatur nicht geprüft")),
    ("encrypted", "unchecked"): ("warning", mark("verschlüsselt")),
    ("appointment", "request"): ("plain", mark("Einladung")),
    ("appointment", "cancel"): ("warning", mark("Termin abgesagt")),
    ("appointment", "counter"): ("plain", mark("anderer Termin vorgeschlagen")),
    ("appointment", "accepted"): ("success", mark("Termin zugesagt")),
    ("appointment", "declined"): ("warning", mark("Teilnahme abgesagt")),
    ("appointment", "tentative"): ("plain", mark("Termin mit Vorbehalt zugesagt")),
    ("keyword", "stop"): ("warning", mark("möchte hier nichts mehr bekommen")),
    ("keyword", "start"): ("success", mark("möchte hier wieder Nachrichten")),
    ("scan-complete", "fail"): ("warning", mark("Scan unvollständig")),
    ("scan-readable", "fail"): ("warning", mark("Scan nicht lesbar")),
    ("session", "pass"): ("success", mark("im Portal geschrieben")),
    ("one-time-code", "pass"): ("success", mark("mit Code bestätigt")),
    ("portal-secret", "pass"): ("success", mark("mit Geheimzahl bestätigt")),
    ("portal-secret", "fail"): ("warning", mark("Geheimzahl falsch")),
}
_KINDS = {
    "dmarc": mark("Absender-Domain (DMARC)"),
    "dkim": mark("Siegel des Mailservers (DKIM)"),
    "spf": mark("Sendender Server (SPF)"),
    "signature": mark("Signatur"),
    "encrypted": mark("Verschlüsselung"),
    "appointment": mark("Termin"),
    "recurrence": mark("Wiederholung"),
    "recurrence-until": mark("Wiederholung bis"),
    "keyword": mark("Wunsch in einem Wort"),
    "session": mark("Anmeldung im Portal"),
    "one-time-code": mark("Einmalcode"),
    "portal-secret": mark("Geheimzahl"),
    "reply-to": mark("Antwort gewünscht an"),
    "sender": mark("Eingeliefert von"),
    "station-id": mark("Kennung des Faxgeräts"),
    "caller-id": mark("Übermittelte Rufnummer"),
    "recording-consent": mark("Einwilligung in die Aufnahme"),
    "transmission-report": mark("Sendebericht"),
    "scan-time": mark("Scan übernommen am"),
    "scan-way": mark("Weg des Scans"),
    "scan-by": mark("Übergeben von"),
    "scan-device": mark("Scanner"),
    "scan-file": mark("Scan-Datei"),
    "scan-hash": mark("Prüfsumme der Scan-Datei (SHA-256)"),
    "scan-complete": mark("Scan-Datei vollständig"),
    "scan-readable": mark("Scan lesbar"),
    "scan-pages": mark("Gezählte Seiten"),
    "scan-blank-pages": mark("Leere Seiten, weggelassen"),
    "transfer-note": mark("Transfervermerk"),
}
_RESULTS = {
    "pass": mark("in Ordnung"),
    "fail": mark("nicht in Ordnung"),
    "none": mark("nicht vorhanden"),
    "unchecked": mark("nicht geprüft"),
}
# Of kinds that are no checks: what an invitation is, what was answered, how often it comes again.
_VALUES = {
    "encrypted": {"unchecked": mark("vorhanden, hier nicht lesbar")},
    "appointment": {
        "request": mark("Einladung"),
        "cancel": mark("Absage"),
        "reply": mark("Antwort auf eine Einladung"),
        "accepted": mark("zugesagt"),
        "declined": mark("abgesagt"),
        "tentative": mark("mit Vorbehalt zugesagt"),
        "counter": mark("Gegenvorschlag"),
        "declinecounter": mark("Gegenvorschlag abgelehnt"),
        "refresh": mark("Frage nach dem neuesten Stand"),
        "publish": mark("Mitteilung"),
    },
    "keyword": {
        "stop": mark("nichts mehr senden"),
        "start": mark("wieder senden"),
        "help": mark("Hilfe"),
        "status": mark("Stand"),
    },
    "scan-way": {
        "folder": mark("vom Scanner in den Ordner geschrieben"),
        "sftp": mark("vom Scanner mit SFTP übertragen"),
        "upload": mark("im Browser übergeben"),
        "unknown": mark("nicht bekannt"),
    },
    "transfer-note": {
        "unchanged": mark(
            "Das Original ist die unveränderte Scan-Datei. Geprüft sind Vollständigkeit und "
            "Lesbarkeit der Datei, nicht die Übereinstimmung mit dem Papier."
        ),
        "cut": mark(
            "Das Original sind Seiten eines Stapels; die Stapeldatei ist unverändert aufbewahrt. "
            "Geprüft sind Vollständigkeit und Lesbarkeit der Datei, nicht die Übereinstimmung mit "
            "dem Papier."
        ),
    },
    "recurrence": {
        "daily": mark("täglich"),
        "weekly": mark("wöchentlich"),
        "monthly": mark("monatlich"),
        "yearly": mark("jährlich"),
        "often": mark("mehrmals am Tag"),
    },
}


_SERVICES = {
    "conversation_store": mark("Gespräche"),
    "relay": mark("Weitergabe an Kafka"),
}


def service_word(name: str, say: Say) -> str:
    """Return what operators call a service; that of a channel is called like the channel."""
    if name in _SERVICES:
        return say(_SERVICES[name])
    channel = name.removeprefix("channel_")
    return say_channel(channel, say) if row_of(channel) else name


@dataclass(frozen=True, slots=True)
class Badge:
    text: str
    tone: str


def badges_of(evidence: Iterable[Mapping[str, str]], say: Say) -> list[Badge]:
    """Return the badges of an entry, each once, in the order of the table."""
    facts = {(proof["kind"], proof["result"]) for proof in evidence}
    return [Badge(say(text), tone) for fact, (tone, text) in _BADGES.items() if fact in facts]


# What may be dangerous in a file, and what the scanner for harmful software said of it.
_SIGNS = {
    "archive": mark("Archiv"),
    "encrypted": mark("verschlüsselt"),
    "macros": mark("mit Makros"),
    "program": mark("Programm"),
}
_CHECKS = {
    "found": ("danger", mark("gesperrt: Schadsoftware gefunden")),
    "waiting": ("warning", mark("noch nicht geprüft")),
    "unfit": ("warning", mark("gesperrt: zu groß für die Prüfung")),
    "released": ("warning", mark("trotz Fund freigegeben")),
}
HELD = frozenset({"found", "unfit"})  # a file that waits is asked about when it is opened


def file_badges(file: Mapping[str, Any], say: Say) -> list[Badge]:
    """Return what whoever opens a file should know; nothing of one that is as others are."""
    said = [_CHECKS[file["check"]]] if file.get("check") in _CHECKS else []
    signs = [("warning", _SIGNS[sign]) for sign in file.get("signs", ()) if sign in _SIGNS]
    return [Badge(say(text), tone) for tone, text in (*said, *signs)]


def call_badges(entry: Mapping[str, Any], say: Say) -> list[Badge]:
    """Return how a call went: its result, how long it took, and whether she wishes one back."""
    return [Badge(text, tone) for tone, text in say_call(entry, say)]


def proof_word(kind: str, result: str, say: Say) -> str:
    """Return «Absender-Domain (DMARC): in Ordnung»; a value that is no verdict stands as it is."""
    name = say(_KINDS[kind]) if kind in _KINDS else kind
    words = _RESULTS | _VALUES.get(kind, {})
    said = say(words[result]) if result in words else result
    return f"{name}: {said}"


def name_of(person: Mapping[str, str], say: Say) -> str:
    """Return how somebody outside is called: by name, else by address; an inbox has neither."""
    if person.get("name"):
        return person["name"]
    return person["value"] if is_address(person["kind"]) else say(mark("Online-Besuch"))


def address_of(person: Mapping[str, Any]) -> str:
    """Return the address as people read and write it; empty: there is none, or it was erased."""
    return str(person["value"] or "") if is_address(person["kind"]) else ""


def initials(name: str) -> str:
    """Return the letters that stand for a colleague in a narrow list."""
    words = [word for word in name.split() if word[:1].isalpha()]
    return ("".join(word[0] for word in (words[:1] + words[1:][-1:])) or "?").upper()
