"""Says why something stands where it stands, and what was odd about a message, to people.

The codes are the contract's (`hub_contract.explanations`, `hub_contract.problems`).
"""

from collections.abc import Callable

from hub_contract.explanations import Explanation
from hub_contract.problems import ProblemCode
from hub_pages.said import OTHER, mark

_E, _P = Explanation, ProblemCode
EXPLANATIONS = {
    _E.TOKEN: mark("Antwort an die persönliche Antwortadresse dieses Gesprächs."),
    _E.ANSWERS: mark("Antwort auf eine Nachricht dieses Gesprächs."),
    _E.ANSWERED_BY: mark("Eine Nachricht dieses Gesprächs, die früher eintraf, antwortet darauf."),
    _E.COPY: mark(
        "Dieselbe Nachricht kam noch einmal, an einen anderen Anschluss oder über einen Verteiler."
    ),
    _E.REFERENCE_KNOWN: mark(
        "Vorgangsnummer genannt; der Kontaktweg ist in diesem Gespräch bekannt."
    ),
    _E.REFERENCE_UNVERIFIED: mark(
        "Vorgangsnummer genannt, aber der Kontaktweg ist unbekannt. Bitte bestätigen."
    ),
    _E.ONLY_OPEN: mark("Einziges offenes Gespräch dieses Kontaktwegs in den letzten 30 Tagen."),
    _E.NEW: mark("Neues Gespräch: keine Zuordnung gefunden."),
    _E.NEW_GIVEN: mark("Neues Gespräch: Die Vorgangsnummer wurde schon beim Absenden mitgeteilt."),
    _E.NEW_SEVERAL_OPEN: mark("Neues Gespräch: mehrere offene Gespräche kommen in Frage."),
    _E.NEW_AUTOMATIC: mark("Automatische Nachricht ohne Zuordnung."),
    _E.NEW_SHARED: mark("Neues Gespräch: Von dieser Adresse schreiben mehrere Personen."),
    _E.AGENT: mark("Von einer Person im Amt verfasst."),
    _E.ONLY_HINT: mark("Gesendet wurde nur ein Link; der ganze Text steht im Postfach."),
    _E.BY_RULE: mark("Automatisch gesendet, auf einen Wunsch in einem Wort hin."),
    _E.TOKEN_FORGED: mark("Die Antwortadresse ist gefälscht oder beschädigt."),
    _E.TOKEN_EXPIRED: mark("Die Antwortadresse ist abgelaufen."),
    _E.TOKEN_UNKNOWN: mark("Die Antwortadresse führt zu keinem Gespräch mehr."),
    _E.REFERENCE_READ: mark("Die Vorgangsnummer wurde maschinell auf einer Seite gelesen."),
    _E.REFERENCE_UNKNOWN: mark("Die genannte Vorgangsnummer ist hier nicht vergeben."),
    _E.REFERENCE_TAKEN: mark(
        "Die beim Absenden mitgeteilte Vorgangsnummer war schon vergeben; es gilt eine andere."
    ),
    _E.SENDER_UNKNOWN: mark("Der Kontaktweg ist in diesem Gespräch nicht bestätigt."),
    _E.SENDER_SHARED: mark(
        "Von dieser Adresse schreiben mehrere Personen, etwa über ein Formular oder eine Gruppe."
    ),
    _E.CLOSED: mark("Als erledigt abgelegt."),
    _E.REOPENED: mark("Wieder geöffnet."),
    _E.SNOOZED: mark("Zurückgestellt."),
    _E.WOKEN: mark("Wieder vorgelegt."),
    _E.TAKEN: mark("Übernommen."),
    _E.ASSIGNED: mark("Weitergegeben."),
    _E.RELEASED: mark("Freigegeben."),
    _E.CONFIRMED: mark("Einen Kontaktweg bestätigt."),
    _E.DOUBTED: mark("Die Bestätigung eines Kontaktwegs zurückgenommen."),
    _E.SHARED: mark("Festgehalten: Von dieser Adresse schreiben mehrere Personen."),
    _E.SINGLE: mark("Festgehalten: Von dieser Adresse schreibt nur eine Person."),
    _E.FILE_RELEASED: mark("Eine gesperrte Datei freigegeben."),
    _E.ADDRESS_ADDED: mark("Eine Anschrift für Briefe eingetragen."),
    _E.CALLBACK_WANTED: mark("Ein Rückruf ist gewünscht."),
    _E.CALLBACK_ASSIGNED: mark("Der Rückruf ist übernommen."),
    _E.CALLBACK_RELEASED: mark("Der Rückruf ist wieder frei."),
    _E.CALLBACK_REACHED: mark("Zurückgerufen und erreicht."),
    _E.CALLBACK_NOT_REACHED: mark("Zurückgerufen, aber nicht erreicht."),
    _E.CALLBACK_ENGAGED: mark("Zurückgerufen, aber es war besetzt."),
    _E.CALLBACK_NUMBER_WRONG: mark("Zurückgerufen: Die Rufnummer stimmt nicht."),
    _E.CALLBACK_DONE: mark("Der Rückruf ist auf einem anderen Weg erledigt."),
    _E.CALLBACK_WRITES: mark("Zurückgerufen: Die Person möchte lieber schreiben."),
    _E.CALLBACK_WITHDRAWN: mark("Der Rückruf ist nicht mehr gewünscht."),
    _E.NAMED: mark("In der Nachricht wird auch dieses Gespräch genannt."),
    _E.SAME_SENDER: mark("Derselbe Kontaktweg schreibt auch in diesem Gespräch."),
    _E.SAME_NAME: mark("Unter diesem Kontaktweg meldet sich jemand mit demselben Namen."),
    _E.ASKED_FOR: mark("Hier möchte die Person Antworten bekommen."),
    _E.CLAIMED: mark("So steht es als Antwortadresse in der Nachricht; bestätigt ist sie nicht."),
    _E.WROTE_LAST: mark("So kam die letzte Nachricht."),
    _E.KNOWN_HERE: mark("Bestätigter Kontaktweg in diesem Gespräch."),
    _E.NOT_CONFIRMED: mark(
        "Dieser Kontaktweg ist in diesem Gespräch nicht bestätigt. Bitte erst bestätigen."
    ),
    _E.NO_ADDRESS: mark("In diesem Gespräch ist keine solche Adresse bekannt."),
    _E.NO_ACCOUNT: mark("Ihre Behörde hat dafür keinen Anschluss eingerichtet."),
    _E.NO_ANSWERS: mark("Auf diesem Weg geht keine Antwort hinaus; rufen Sie bitte selbst an."),
    _E.NOT_CARRIED: mark(
        "Der Mailserver Ihrer Behörde nimmt keine Adressen mit Umlauten vor dem @ an."
    ),
    _E.NOT_ALLOWED: mark(
        "Ihre Behörde hat diesen Weg für Antworten nicht freigegeben: Er ist nicht sicher genug."
    ),
    _E.ANSWERED_BY_RULE: mark("Automatisch beantwortet; niemand wartet darauf."),
    _E.NO_INBOX: mark(
        "Hierher darf nur ein Link gehen, und die Person hat zu diesem Gespräch kein Postfach."
    ),
    _E.OPTED_OUT: mark("Die Person hat mit STOPP gebeten, hierher nichts mehr zu senden."),
    _E.ONCE_FAILED: mark("Eine Nachricht an diese Adresse konnte nicht zugestellt werden."),
    _E.ONCE_RETURNED: mark("Eine Nachricht an diese Adresse kam zurück."),
    _E.ON_ITS_WAY: mark("Unterwegs."),
    _E.ARRIVED: mark("Angekommen."),
    _E.WAS_READ: mark("Gelesen."),
    _E.DID_NOT_ARRIVE: mark("Nicht angekommen."),
    _E.OTHER: OTHER,
}
PROBLEMS = {
    _P.UNREADABLE: mark("Die Nachricht ließ sich nicht lesen (%(about)s); das Original ist da."),
    _P.OVERRUN: mark(
        "Die Nachricht ließ sich nicht in vertretbarem Aufwand lesen (%(about)s); das Original ist "
        "da."
    ),
    _P.EMPTY: mark("Die Nachricht ist leer."),
    _P.NOT_A_MAIL: mark("Die Nachricht ist keine lesbare E-Mail; das Original ist erhalten."),
    _P.LOOP: mark("Die Nachricht läuft im Kreis; sie wird nicht automatisch beantwortet."),
    _P.DATE_IMPOSSIBLE: mark("Das Datum der Nachricht kann nicht stimmen; es gilt der Eingang."),
    _P.NO_SENDER: mark("Es ist kein Absender angegeben."),
    _P.SENDER_UNREADABLE: mark("Der Absender ist nicht lesbar; es gilt der Umschlag."),
    _P.SEVERAL_SENDERS: mark("Es sind mehrere Absender angegeben; der erste gilt."),
    _P.CHARSET_MISSING: mark("Der Zeichensatz ist nicht angegeben; der Text ist geraten."),
    _P.CHARSET_WRONG: mark("Der Zeichensatz „%(about)s“ stimmt nicht; der Text ist geraten."),
    _P.TEXT_IS_BINARY: mark("Ein Textteil ist kein lesbarer Text; er ist als Datei erhalten."),
    _P.HTML_TOO_LARGE: mark(
        "Die HTML-Fassung ist zu groß oder zu verschachtelt; sie ist als Datei da."
    ),
    _P.TOO_MANY_ATTRIBUTES: mark(
        "Die HTML-Fassung hat Elemente mit mehr als %(about)s Attributen; sie ist als Datei da."
    ),
    _P.TEXT_TOO_LONG: mark(
        "Der Text ist länger als %(about)s Zeichen; der ganze ist als Datei erhalten."
    ),
    _P.HEADER_TOO_LARGE: mark(
        "Der Kopf ist zu groß; gelesen wurden %(about)s, der Rest steht im Original."
    ),
    _P.HEADER_CUT: mark("Die Kopfzeile „%(about)s“ ist zu lang; der Rest steht im Original."),
    _P.TOO_MANY_PARAMETERS: mark(
        "Eine Kopfzeile hat mehr als %(about)s Angaben; der Rest steht im Original."
    ),
    _P.BOUNDARY_GUESSED: mark(
        "Die Trennlinie der Teile fehlt oder ist falsch; sie wurde erschlossen."
    ),
    _P.BOUNDARY_MISSING: mark("Die Trennlinie der Teile fehlt; der Inhalt steht als Text da."),
    _P.NESTED_TOO_DEEP: mark(
        "Die Nachricht ist zu tief verschachtelt; der Rest ist als Datei erhalten."
    ),
    _P.TOO_MANY_PARTS: mark("Mehr als %(about)s Teile; der Rest ist als eine Datei erhalten."),
    _P.AFTER_THE_END: mark(
        "Nach dem Ende der Nachricht steht weiterer Text; er ist im Original zu finden."
    ),
    _P.BOX_UNOPENED: mark("winmail.dat ließ sich nicht öffnen; sie ist als Datei erhalten."),
    _P.SMIME_UNOPENED: mark(
        "Eine signierte oder verschlüsselte Datei (S/MIME) ließ sich nicht oder nicht ganz öffnen; "
        "sie ist erhalten."
    ),
    _P.ENCRYPTED: mark(
        "Der Inhalt ist verschlüsselt (%(about)s) und lässt sich hier nicht lesen; er ist erhalten."
    ),
    _P.FILE_RENAMED: mark(
        "Eine Datei heißt hier anders, als sie gesendet wurde, weil ihr Inhalt es verlangt: "
        "%(about)s"
    ),
    _P.FILE_TOO_LARGE: mark("Eine Datei war zu groß und liegt noch beim Anbieter: %(about)s"),
    _P.HARMFUL: mark("Es enthält Schadsoftware und wird deshalb nicht gelesen."),
    _P.FILE_MISSING: mark("Eine Datei gab der Anbieter nicht heraus: %(about)s"),
    _P.LINE_DROPPED: mark("Die Leitung brach ab. Angekommene Seiten: %(about)s"),
    _P.TOO_MANY_PAGES: mark("Gelesen wurden nur die ersten %(about)s Seiten."),
    _P.PAGE_TOO_LARGE: mark(
        "Seite %(about)s ist zu groß, um sie in voller Auflösung zu lesen; sie ist im Original."
    ),
    _P.PAGE_UNREADABLE: mark("Seite %(about)s ließ sich nicht lesen; sie ist im Original."),
    _P.PAGES_CUT: mark("Die Datei bricht bei Seite %(about)s ab; mehr ist nicht angekommen."),
    _P.NUMBER_CONFIRMED: mark(
        "Die Person möchte Antworten per SMS an %(about)s und hat die Nummer mit einem Code"
        " bestätigt."
    ),
    _P.ACCESS_BLOCKED: mark(
        "Die Geheimzahl zu dieser Vorgangsnummer wurde zu oft falsch eingegeben. Der Zugang über "
        "die Internetseite ist bis %(about)s gesperrt. Vielleicht braucht die Person Hilfe, oder "
        "jemand anders hat es versucht."
    ),
    _P.OTHER: mark("An dieser Nachricht war etwas ungewöhnlich. %(about)s"),
}


def explain(code: str, say: Callable[[str], str]) -> str:
    """Return the sentence of an explanation."""
    return say(EXPLANATIONS[Explanation(code)])


def say_problem(code: str, about: str, say: Callable[[str], str]) -> str:
    """Return the sentence of a problem; one published as a sentence stands as it is."""
    known = ProblemCode(code)
    if known is ProblemCode.IN_WORDS:
        return about
    return (say(PROBLEMS[known]) % {"about": about}).strip()
