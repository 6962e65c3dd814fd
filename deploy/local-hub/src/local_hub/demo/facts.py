"""What must have happened in the demo: each fact in plain German, with whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from local_hub.ask import Json
from local_hub.demo import every_way, mails
from local_hub.demo.mails import (
    ALOIS,
    ERIKA,
    HANNELORE,
    JOERG,
    KARL,
    OFFICE,
    PAUL,
    PETRA,
    ROSA,
    YUSUF,
)
from local_hub.demo.play import Story, Thread, answered_by_letter, delivery_of
from local_hub.demo.records import Lying, leaks

_NOBODY = Thread({}, [])


@dataclass(frozen=True, slots=True)
class Fact:
    words: str
    holds: bool


def judge(story: Story, records: Sequence[Lying], written: int) -> list[Fact]:
    """Return every fact of the story; `written` is how many events the log of the hub has."""
    return [
        *_arrivals(story),
        *_thread(story),
        *_deliveries(story),
        *_both_doors(story),
        *_by_sms(story),
        *_by_fax(story),
        *_by_phone(story),
        *_by_letter(story),
        *_on_every_way(story),
        *_apart(story),
        *_on_the_bus(records, written),
    ]


def _arrivals(story: Story) -> list[Fact]:
    first, ugly = _entry(story, ERIKA, 0), _entry(story, JOERG, 0)
    return [
        Fact(
            f"Alle {len(story.codes)} Mails wurden mit 250 angenommen",
            len(story.codes) == 11 and set(story.codes) == {250},
        ),
        Fact(
            "Umlaute und Gedankenstrich im Betreff kommen an",
            first.get("subject") == mails.APPLICATION.subject,
        ),
        Fact("Der Anhang «Impfpass für Bello.pdf» liegt bei", first.get("files") == _FILES),
        Fact("Die kaputte Mail ist lesbar", mails.UGLY_WORDS in ugly.get("text", "")),
        Fact("Zweimal dieselbe Mail ist ein Eintrag", len(_entries(story, JOERG)) == 1),
    ]


_FILES = [mails.APPLICATION.file[0]] if mails.APPLICATION.file else []


def _thread(story: Story) -> list[Fact]:
    second, holiday = _entry(story, ERIKA, 2), _entry(story, PETRA, 2)
    answered = [mail for mail in story.inbox if "96 Euro" in mail["text"]]
    return [
        Fact("Die Antwort des Amts liegt in Erikas Postfach", len(answered) == 1),
        Fact(
            "Ihre Antwort liegt im selben Gespräch, der Antwortadresse wegen",
            second.get("reason", {}).get("code") == "token",
        ),
        Fact(
            "Vom Zitat getrennt: nur ihre eigenen Worte",
            mails.SECOND_LETTER_WORDS in second.get("text", "")
            and "96 Euro" not in second.get("text", ""),
        ),
        Fact(
            "Die Abwesenheitsnotiz liegt bei Petra Urlaubs Gespräch, als automatisch erkannt",
            holiday.get("automatic") == "reply",
        ),
    ]


def _deliveries(story: Story) -> list[Fact]:
    moved = _entry(story, KARL, 1).get("delivery", {})
    return [
        Fact(
            "Erikas Mailserver bestätigt die Zustellung",
            delivery_of(story.town.get(ERIKA)) == "delivered",
        ),
        Fact(
            "Die Antwort an Karl Verzogen kam zurück: nicht zustellbar, Adresse unbekannt",
            (moved.get("status"), moved.get("reason")) == ("failed", "address_unknown"),
        ),
    ]


def _both_doors(story: Story) -> list[Fact]:
    ways = [(e.get("channel"), e["direction"]) for e in _entries(story, HANNELORE)]
    form, later = _entry(story, HANNELORE, 0), _entry(story, HANNELORE, 1)
    digits = story.slip.reference.replace("-", "").replace(" ", "")
    mailed = "".join(letter["text"] for letter in story.letters)
    return [
        Fact(
            "Das Formular gibt Vorgangsnummer und Geheimzahl aus",
            len(digits) == 12 and len(story.slip.secret) == 6,
        ),
        Fact(
            "Formular und Mail liegen in einem Gespräch, der Nummer wegen",
            ways[:2] == [("web", "in"), ("email", "in")]
            and form.get("files") == [mails.FORM_FILE[0]]
            and later.get("reason", {}).get("code") == "reference_known",
        ),
        Fact("Die Antwort kommt als E-Mail an, wie gewünscht", mails.REPAIRED_WORDS in mailed),
        Fact("Sie steht auch auf der Seite", mails.REPAIRED_WORDS in story.page),
        Fact(
            "Was sie auf beiden Wegen antwortet, liegt im selben Gespräch",
            sorted(ways[3:5]) == [("email", "in"), ("web", "in")],
        ),
        Fact("Mit falscher Geheimzahl öffnet sich nichts", story.guessed == 403),
    ]


def _by_sms(story: Story) -> list[Fact]:
    ways = [(e["channel"], e["direction"]) for e in _entries(story, YUSUF)]
    got = [text["text"] for text in story.texts if not text["mine"]]
    return [
        Fact(
            "Die signierte SMS ist angenommen und liegt in der Zeitleiste",
            story.texted == 200 and ways[:1] == [("sms", "in")],
        ),
        Fact("Die Antwort steht auf Yusufs Handy, einmal", got[:1] == [mails.FOUND]),
        Fact(
            "Auf STATUS hört er sofort, wie weit es ist, mit seiner Vorgangsnummer",
            len(got) == 2 and _number_of(story, YUSUF) in got[1] and mails.ANSWERED in got[1],
        ),
        Fact(
            "Der Mobilfunk bestätigt die Zustellung",
            delivery_of(story.town.get(YUSUF)) == "delivered",
        ),
    ]


def _by_fax(story: Story) -> list[Fact]:
    ways = [(e["channel"], e["direction"]) for e in _entries(story, OFFICE)]
    got = [fax["pages"] for fax in story.faxes if not fax["mine"]]
    return [
        Fact(
            "Das signierte Fax ist mit seiner Datei angenommen und liegt in der Zeitleiste",
            story.faxed == 200 and ways == [("fax", "in"), ("fax", "out")],
        ),
        Fact("Die Antwort liegt am Faxgerät der Kanzlei, einmal", len(got) == 1 and got[0] >= 1),
        Fact(
            "Der Faxanbieter bestätigt die Zustellung",
            delivery_of(story.town.get(OFFICE)) == "delivered",
        ),
    ]


def _number_of(story: Story, citizen: str) -> str:
    thread = story.town.get(citizen)
    return str(thread.conversation["reference"]) if thread else "none"


def _by_phone(story: Story) -> list[Fact]:
    call, heard = _entry(story, HANNELORE, 5), " ".join(story.heard)
    return [
        Fact(
            "Am Telefon hört sie, wie weit ihr Anliegen ist",
            "Ihre Nachricht vom" in heard or "geantwortet" in heard,
        ),
        Fact(
            "Der Anruf liegt im selben Gespräch, mit Ergebnis und Dauer",
            (call.get("channel"), call.get("kind"), call.get("outcome"))
            == ("phone", "call", "answered")
            and call.get("seconds", 0) > 0,
        ),
        Fact(
            "Ihr Wunsch steht dabei: Rückruf morgen am Nachmittag",
            call.get("callback") == {"day": "tomorrow", "part": "afternoon"},
        ),
    ]


def _by_letter(story: Story) -> list[Fact]:
    thread = answered_by_letter(story)
    letter = thread.entries[0] if thread else {}
    said = {one["kind"]: one["result"] for one in letter.get("evidence", ())}
    return [
        Fact(
            "Der gescannte Brief liegt in der Zeitleiste, mit seinem Original",
            (letter.get("channel"), letter.get("original")) == ("paper", True),
        ),
        Fact(
            "Was darin steht, hat eine Maschine gelesen",
            mails.LETTER_WORDS in (letter.get("reading") or {}).get("text", ""),
        ),
        Fact(
            "Sein Transfervermerk sagt: unverändert, vollständig, lesbar",
            [said.get(kind) for kind in ("transfer-note", "scan-complete", "scan-readable")]
            == ["unchanged", "pass", "pass"],
        ),
        Fact(
            "Die Antwort liegt als gedruckter Brief bei Gertrud Altmann, mit ihrer Anschrift",
            any(
                one["address"] == mails.GERTRUD and mails.PERMIT_WORDS in one["text"]
                for one in story.brought
            ),
        ),
        Fact(
            "Die Druckerei meldet zurück, dass er unterwegs ist",
            delivery_of(answered_by_letter(story)) == "sent",
        ),
    ]


def _on_every_way(story: Story) -> list[Fact]:
    entries, all_of_them = _entries(story, HANNELORE), set(every_way.RIGHT)
    return [
        Fact(
            "Hannelore hat auf sechs Wegen geschrieben, und alles liegt in einem Gespräch",
            every_way.channels(entries, "in") == all_of_them,
        ),
        Fact(
            "Auf jedem der sechs Wege ist ihr geantwortet",
            every_way.channels(entries, "out") == all_of_them,
        ),
        Fact(
            "Auf jedem Weg ist die Antwort angekommen, so weit es sich dort sagen lässt",
            every_way.reached(entries) == all_of_them,
        ),
    ]


def _apart(story: Story) -> list[Fact]:
    return [
        Fact(
            "Musterstadt sieht neun Gespräche",
            {ERIKA, HANNELORE, JOERG, OFFICE, PETRA, KARL, PAUL, ROSA, YUSUF} < story.town.keys()
            and answered_by_letter(story) is not None
            and len(story.town) == 10,
        ),
        Fact(
            "Zwei Fremde, die über ein Formular schreiben, liegen in zwei Gesprächen",
            [len(_entries(story, who)) for who in (PAUL, ROSA)] == [1, 2],
        ),
        Fact(
            "Die Antwort geht an Rosa Richter, nicht an das Formular",
            _entry(story, ROSA, 1).get("person", {}).get("value") == ROSA,
        ),
        Fact("Kleindorf sieht nur das seine", list(story.village) == [ALOIS]),
        Fact("Kleindorf bekommt auf Musterstadts Gespräch 404", story.stranger == 404),
    ]


def _on_the_bus(records: Sequence[Lying], written: int) -> list[Fact]:
    found = leaks(records)
    words = "Kein Wort der Bürger ist dort lesbar"
    return [
        Fact(f"Auf dem Bus liegen alle {written} Ereignisse", len(records) == written >= 20),
        Fact(f"{words}: {', '.join(found)}" if found else words, bool(records) and not found),
    ]


def _entries(story: Story, citizen: str) -> list[Json]:
    return story.town.get(citizen, _NOBODY).entries


def _entry(story: Story, citizen: str, number: int) -> Json:
    """Return an entry of a citizen's timeline; an empty one where it is missing."""
    entries = _entries(story, citizen)
    return entries[number] if number < len(entries) else {}
