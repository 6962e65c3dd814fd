"""Says to people why something was not done; the codes are the contract's."""

from collections.abc import Callable

from hub_contract.refusals import Refusal
from hub_pages.said import mark

_R = Refusal
REFUSALS = {
    _R.UNAUTHORIZED: mark("Ihre Anmeldung ist abgelaufen."),
    _R.FORBIDDEN: mark("Ihre Anmeldung reicht für diese Seite nicht. Es wurde nichts verändert."),
    _R.NOT_FOUND: mark("Das gibt es hier nicht mehr."),
    _R.NOT_VALID: mark("Bitte prüfen Sie Ihre Angaben."),
    _R.NOT_POSSIBLE: mark("Das war so nicht möglich."),
    _R.BROKEN: mark(
        "Der Fehler liegt bei uns und ist vermerkt. Bitte versuchen Sie es noch einmal."
    ),
    _R.AWAY: mark("Ein Teil des Systems antwortet nicht. Es wurde nichts verändert."),
    _R.TEXT_MISSING: mark("Bitte schreiben Sie zuerst etwas."),
    _R.NOBODY_REACHABLE: mark("In diesem Gespräch ist niemand zu erreichen."),
    _R.CHANNEL_REACHES_NOBODY: mark(
        "Auf diesem Weg ist hier niemand zu erreichen. Bitte wählen Sie einen anderen."
    ),
    _R.NOT_REACHED_SO: mark(
        "Dieser Kontaktweg ist so nicht zu erreichen. Bitte wählen Sie einen anderen Weg."
    ),
    _R.ADDRESS_UNREADABLE: mark(
        "Die Anschrift ist unvollständig. Bitte schreiben Sie in die letzte Zeile Postleitzahl und"
        " Ort, bei Briefen ins Ausland darunter das Land in Großbuchstaben."
    ),
    _R.NOT_CONFIRMED: mark("Der Kontaktweg ist nicht bestätigt. Bitte bestätigen Sie ihn zuerst."),
    _R.NO_ACCOUNT: mark("Für diesen Weg ist kein Anschluss eingerichtet."),
    _R.NO_ANSWERS: mark(
        "Auf diesem Weg geht keine Antwort hinaus. Bitte wählen Sie einen anderen."
    ),
    _R.NOT_CARRIED: mark(
        "Der Mailserver Ihrer Behörde nimmt keine Adressen mit Umlauten vor dem @ an. Bitte wählen"
        " Sie einen anderen Weg."
    ),
    _R.NOT_ALLOWED: mark(
        "Ihre Behörde versendet auf diesem Weg nichts. Bitte wählen Sie einen anderen."
    ),
    _R.OPTED_OUT: mark(
        "Die Person hat gebeten, auf diesem Weg nichts mehr zu senden. Bitte wählen Sie einen"
        " anderen Weg."
    ),
    _R.NO_INBOX: mark(
        "Hierher darf nur ein Link gehen, und die Person hat zu diesem Gespräch kein Postfach."
        " Bitte wählen Sie einen anderen Weg."
    ),
    _R.LAST_IS_AUTOMATIC: mark(
        "Die letzte Nachricht kam von einer Maschine oder wünscht keine automatische Antwort."
        " Darauf antwortet nur ein Mensch."
    ),
    _R.KEY_USED: mark(
        "Das wurde schon mit einem anderen Text gesendet. Bitte laden Sie die Seite neu."
    ),
    _R.TEXT_TOO_LONG: mark(
        "Der Text ist zu lang für diesen Weg. Bitte kürzen Sie ihn oder wählen Sie einen anderen"
        " Weg."
    ),
    _R.NO_SUBJECT: mark(
        "Auf diesem Weg geht kein Betreff mit. Bitte leeren Sie das Feld oder wählen Sie einen"
        " anderen Weg."
    ),
    _R.NO_HTML: mark("Auf diesem Weg geht nur Text ohne Gestaltung mit."),
    _R.NO_FILES: mark(
        "Auf diesem Weg gehen keine Dateien mit. Bitte entfernen Sie sie oder wählen Sie einen"
        " anderen Weg."
    ),
    _R.TOO_MANY_FILES: mark(
        "Das sind zu viele Dateien für diesen Weg. Bitte senden Sie weniger auf einmal."
    ),
    _R.FILES_TOO_LARGE: mark(
        "Die Dateien sind zusammen zu groß für diesen Weg. Bitte senden Sie weniger auf einmal."
    ),
    _R.FILE_TYPE: mark(
        "Eine Datei ist von einer Art, die auf diesem Weg nicht mitgeht. Bitte entfernen Sie sie"
        " oder wählen Sie einen anderen Weg."
    ),
    _R.UNTIL_PAST: mark("Der Zeitpunkt liegt in der Vergangenheit."),
    _R.TWO_TRANSACTIONS: mark(
        "Beide gehören zu einem Vorgang. Bitte verschieben Sie einzelne Einträge."
    ),
    _R.THERE_ALREADY: mark("Der Eintrag steht schon in diesem Gespräch."),
    _R.ENTRIES_ELSEWHERE: mark("Der Eintrag steht inzwischen in einem anderen Gespräch."),
    _R.ENTRIES_ALL: mark("Das ist der einzige Eintrag; er hat schon ein eigenes Gespräch."),
    _R.UNDONE_ALREADY: mark("Das ist schon rückgängig gemacht."),
    _R.LATER_FIRST: mark(
        "Danach wurde weiter umgeräumt. Bitte machen Sie das Spätere zuerst rückgängig."
    ),
    _R.SAME_CONTACT_POINT: mark("Das ist derselbe Kontaktweg."),
    _R.OTHER_PARTY: mark("Diese Kontaktwege gehören schon zu verschiedenen Personen."),
    _R.NOBODY_TO_LINK: mark("In diesem Gespräch ist niemand, der sich verbinden lässt."),
    _R.TELEPHONE_WRONG: mark(
        "Die Nummer Ihres Telefons ist keine, die klingelt. Schreiben Sie sie mit Vorwahl."
    ),
    _R.CALLBACK_ENDED: mark("Dieser Rückruf ist schon beendet."),
    _R.DECIDED_ALREADY: mark("Darüber ist schon entschieden."),
    _R.CURSOR_UNKNOWN: mark("Diese Stelle der Liste gibt es nicht mehr. Bitte beginnen Sie vorn."),
    _R.SEARCH_UNCLEAR: mark(
        "Bitte suchen Sie nach einer Vorgangsnummer, E-Mail-Adresse oder Rufnummer."
    ),
    _R.REFERENCE_NOT_VALID: mark("Diese Vorgangsnummer stimmt nicht. Sie hat zwölf Ziffern."),
    _R.REFERENCE_UNKNOWN: mark("Zu dieser Vorgangsnummer gibt es kein Gespräch."),
    _R.ERASED: mark("Der Inhalt wurde gelöscht."),
    _R.QUARANTINED: mark(
        "Diese Datei ist gesperrt: In ihr wurde Schadsoftware gefunden. "
        "Freigeben kann sie nur die Leitung."
    ),
    _R.NOT_CHECKED: mark(
        "Diese Datei ist noch nicht auf Schadsoftware geprüft und bleibt so lange gesperrt. "
        "Versuchen Sie es in einigen Minuten noch einmal."
    ),
    _R.NOT_HELD: mark("Diese Datei ist nicht gesperrt."),
    _R.FILE_HARMFUL: mark(
        "In einer der Dateien wurde Schadsoftware gefunden. Schicken Sie die Antwort ohne sie."
    ),
}


def refused_word(code: str, say: Callable[[str], str]) -> str:
    """Return the sentence of a refusal."""
    return say(REFUSALS[Refusal(code)])
