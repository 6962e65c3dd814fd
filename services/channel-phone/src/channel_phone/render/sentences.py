"""Say in sentences what a caller hears: pure. German as it stands here, English by `words/en.po`.

Rule 1. Short sentences, one thing in each; the key comes last, when one knows what it is for.
Rule 2. Numbers are said digit by digit, days as people say them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo

from babel.dates import format_date

from channel_phone.parse.state import Line, Said, State, Step
from hub_contract.words import CallbackDay, CallbackPart

Say = Callable[[str], str]  # a sentence in the caller's language
_LOCALES = {"de": "de_DE", "en": "en_GB"}


def mark(text: str) -> str:
    """Mark a sentence for the catalogue."""
    return text


CHOOSE_GERMAN = "Für Deutsch drücken Sie bitte die 1."  # each in its own language, always
CHOOSE_ENGLISH = "For English, please press 2."
GREETING = mark("Guten Tag. Hier ist %(name)s.")
_QUESTIONS = {
    Step.MENU: mark(
        "Möchten Sie hören, wie weit Ihr Anliegen ist, drücken Sie die 1."
        " Möchten Sie zurückgerufen werden, drücken Sie die 2."
        " Möchten Sie uns eine Nachricht sprechen, drücken Sie die 3."
    ),
    Step.REFERENCE: mark(
        "Bitte geben Sie Ihre Vorgangsnummer ein. Sie hat zwölf Ziffern."
        " Zurück kommen Sie mit der Stern-Taste."
    ),
    Step.SECRET: mark("Bitte geben Sie jetzt Ihre Geheimzahl ein. Sie hat sechs Ziffern."),
    Step.DAY: mark(
        "Wann sollen wir Sie zurückrufen? Für heute drücken Sie die 1. Für morgen die 2."
        " Sobald es geht: die 3."
    ),
    Step.PART: mark("Am Vormittag: die 1. Am Nachmittag: die 2. Egal wann: die 3."),
    Step.NUMBER: mark(
        "Wir sehen Ihre Telefonnummer nicht. Bitte geben Sie sie ein,"
        " und schließen Sie mit der Raute-Taste ab."
    ),
    Step.MESSAGE: mark(
        "Nach dem Ton nehmen wir auf, was Sie sagen. Zum Schluss drücken Sie die Raute-Taste."
        " Möchten Sie das nicht, legen Sie einfach auf."
    ),
    Step.GOODBYE: mark("Auf Wiederhören."),
}
_NEXT = mark("Sie sind als Nächstes an der Reihe.")
_AHEAD = mark("Sie sind an %(place)s Stelle von %(size)d.")
_FAR = mark("Vor Ihnen warten %(before)d Anrufe.")
_PLACES = (  # from the second on
    *(mark("zweiter"), mark("dritter"), mark("vierter"), mark("fünfter"), mark("sechster")),
    *(mark("siebter"), mark("achter"), mark("neunter"), mark("zehnter")),
)
_MINUTE = mark("Zuletzt dauerte es etwa eine Minute.")
_MINUTES = mark("Zuletzt dauerte es etwa %(minutes)d Minuten.")
STAY = mark("Bitte bleiben Sie dran. Mit der Stern-Taste kommen Sie zurück zum Menü.")
NOBODY_LEFT = mark("Es wartet niemand mehr.")  # to the desk, which has just answered
DESK = mark("Möchten Sie mit jemandem sprechen, drücken Sie die 0.")
_SAID = {
    Said.NOT_HEARD: mark("Ich habe nichts gehört."),
    Said.NOT_UNDERSTOOD: mark("Diese Taste kenne ich hier nicht."),
    Said.NEVER_HEARD: mark("Leider höre ich nichts von Ihnen. Rufen Sie gern wieder an."),
    Said.TOO_LONG: mark("Wir beenden das Gespräch jetzt. Rufen Sie gern wieder an."),
    Said.REFERENCE_SHORT: mark("Das waren nicht zwölf Ziffern."),
    Said.REFERENCE_WRONG: mark("Diese Vorgangsnummer stimmt nicht. Bitte vergleichen Sie sie."),
    Said.SECRET_SHORT: mark("Das waren nicht sechs Ziffern."),
    Said.NO_MATCH: mark("Vorgangsnummer und Geheimzahl passen nicht zusammen."),
    Said.SHUT: mark(
        "Die Geheimzahl war zu oft falsch. Bitte versuchen Sie es später noch einmal,"
        " oder sprechen Sie mit uns."
    ),
    Said.PORTAL_AWAY: mark("Das kann ich gerade nicht nachsehen. Bitte versuchen Sie es später."),
    Said.NUMBER_WRONG: mark("Diese Telefonnummer kenne ich so nicht."),
    Said.NOTHING_RECORDED: mark("Es wurde nichts aufgenommen."),
    Said.RECORDED: mark("Danke. Ihre Nachricht ist bei uns."),
    Said.DESK_CLOSED: mark("Gerade ist niemand da. Lassen Sie sich gern zurückrufen."),
    Said.CONNECTING: mark("Einen Moment bitte, ich verbinde Sie."),
    Said.DESK_BUSY: mark("Gerade ist leider niemand frei."),
    Said.TALKED: mark("Danke für Ihren Anruf."),
}
_GROUPS = {
    "1": mark("die erste Gruppe: %(digits)s"),
    "2": mark("die zweite Gruppe: %(digits)s"),
    "3": mark("die dritte Gruppe: %(digits)s"),
    "4": mark("die vierte Gruppe: %(digits)s"),
}
GROUPS_WRONG = mark("In der Vorgangsnummer stimmt etwas nicht. Vermutlich ist es %(groups)s.")
OR = mark(" oder ")
_INBOX = {
    "arrived": mark("Ihre Nachricht vom %(day)s ist bei uns. Wir haben noch nicht geantwortet."),
    "answered": mark(
        "Wir haben Ihnen am %(day)s geantwortet. Die Antwort lesen Sie auf unserer Internetseite."
    ),
    "closed": mark("Ihr Anliegen ist seit dem %(day)s erledigt."),
}
_INBOX_OTHER = mark("Ihr Anliegen ist bei uns.")
_DAYS = {
    CallbackDay.TODAY: mark("heute"),
    CallbackDay.TOMORROW: mark("morgen"),
    CallbackDay.NONE: mark("sobald es geht"),
}
_PARTS = {
    CallbackPart.MORNING: mark("am Vormittag"),
    CallbackPart.AFTERNOON: mark("am Nachmittag"),
    CallbackPart.ANY: "",
}
WISH = mark("Wir haben notiert: Sie möchten zurückgerufen werden, %(when)s.")


def question(state: State, say: Say, *, has_desk: bool) -> str:
    """Return what is asked now; nothing while nobody is asked."""
    asked = _QUESTIONS.get(state.step, "")
    more = f" {say(DESK)}" if state.step is Step.MENU and has_desk else ""
    return (say(asked) if asked else "") + more


def answer(said: Said, state: State, say: Say, zone: tzinfo) -> str:
    """Return what is said before the next question."""
    match said:
        case Said.GROUPS_WRONG:
            groups = say(OR).join(_group(group, say) for group in state.groups)
            return say(GROUPS_WRONG) % {"groups": groups}
        case Said.INBOX_STATE:
            return _inbox(state.inbox, state.language, say, zone)
        case Said.WISH_NOTED:
            words = (_DAYS[state.day], _PARTS[state.part])
            return say(WISH) % {"when": " ".join(say(word) for word in words if word)}
        case _:
            return say(_SAID[said])


def place_in_line(line: Line, say: Say) -> str:
    """Return what one hears who waits for the desk: how many are ahead, how long it has taken."""
    before = max(0, line.place - 1)
    if before == 0:
        told = say(_NEXT)
    elif before <= len(_PLACES):
        ahead = {"place": say(_PLACES[before - 1]), "size": max(line.size, line.place)}
        told = say(_AHEAD) % ahead
    else:
        told = say(_FAR) % {"before": before}
    minutes = round(line.average / 60)
    if minutes > 1:
        return f"{told} {say(_MINUTES) % {'minutes': minutes}}"
    return f"{told} {say(_MINUTE)}" if minutes == 1 else told


def _group(group: str, say: Say) -> str:
    number, _, digits = group.partition(":")
    return say(_GROUPS[number]) % {"digits": " ".join(digits)}


def _inbox(found: Mapping[str, str], language: str, say: Say, zone: tzinfo) -> str:
    state, at = found.get("State", ""), found.get("At", "")
    try:
        day = datetime.fromisoformat(at).astimezone(zone).date()
    except ValueError:
        return say(_INBOX_OTHER)
    known = _INBOX.get(state)
    spoken = format_date(day, "d. MMMM" if language == "de" else "d MMMM", _LOCALES[language])
    return say(known) % {"day": spoken} if known else say(_INBOX_OTHER)
